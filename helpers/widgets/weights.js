/* The file of the reader, as helpers/models/reader.py writes and describes it, taken apart into numbers. */

const MAGIC = "xelm";
const [VERSION, BITS] = [1, 6];
const HEADER = 14; // bytes
const CENTRE = (2 ** BITS - 1) / 2;

/** Bytes of a text in base64. */
export const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** What the file holds: the alphabet, the matrices row by row, the biases, and how often each character is.

    Throws an Error that names what is wrong with a file of another kind, or one that was cut. */
export function readWeights(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw new Error(`the file begins with “${magic}”; expected “${MAGIC}”`);
  if (bytes.length < HEADER) throw new Error(`the file has ${bytes.length} bytes; expected ${HEADER} and more`);
  if (bytes[4] !== VERSION || bytes[5] !== BITS) throw new Error(`the file is of version ${bytes[4]}; expected ${VERSION}`);
  const [V, E, H, letters] = [6, 8, 10, 12].map((place) => view.getUint16(place, true));
  let place = HEADER + letters;

  function floats(count) {
    const values = Float32Array.from({ length: count }, (_, k) => view.getFloat32(place + 4 * k, true));
    place += 4 * count;
    return values;
  }
  /** A matrix of codes, four in three bytes, each row with its scale. */
  function matrix(rows, columns) {
    const scales = floats(rows);
    const values = new Float32Array(rows * columns);
    for (let k = 0; k < values.length; k += 4, place += 3) {
      const four = (bytes[place] << 16) | (bytes[place + 1] << 8) | bytes[place + 2];
      for (let j = 0; j < 4; j++) {
        const code = (four >> (18 - 6 * j)) & 63;
        values[k + j] = scales[Math.floor((k + j) / columns)] * (code - CENTRE);
      }
    }
    return values;
  }

  const sizes = [[V, E], [4 * H, E], [4 * H, H], [V, H]];
  const packed = sizes.reduce((sum, [rows, columns]) => sum + 4 * rows + (rows * columns * BITS) / 8, 0);
  const expected = place + packed + 4 * (4 * H + 2 * V) + 4; // the last four are a checksum, which Python compares
  if (bytes.length !== expected) throw new Error(`the file has ${bytes.length} bytes; expected ${expected}`);
  const alphabet = [...new TextDecoder().decode(bytes.subarray(HEADER, place))];
  const [embedding, input, recurrent, output] = sizes.map(([rows, columns]) => matrix(rows, columns));
  const [bias, outputBias, frequencies] = [4 * H, V, V].map(floats);
  return { V, E, H, alphabet, embedding, input, recurrent, bias, output, outputBias, frequencies };
}
