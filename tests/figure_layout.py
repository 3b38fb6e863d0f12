"""What is wrong with the layout of live figures: scripts for a browser, which give lists of elements."""

LEAVES = """  // what has a text, or is a control
  const shown = (e) => e.checkVisibility() && !e.closest(".xe-announcement, [hidden]");
  const leaves = [...document.querySelectorAll(".xe-figure *")].filter((e) => shown(e) &&
    (e.matches("input, button, select") || (!e.children.length && e.textContent.trim())));
"""
OVERLAPS = f"""() => {{ {LEAVES}
  const found = [];
  leaves.forEach((a, i) => leaves.slice(i + 1).forEach((b) => {{
    const r = a.getBoundingClientRect(), s = b.getBoundingClientRect();
    const over = Math.min(r.right, s.right) - Math.max(r.left, s.left) > 1 &&
      Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top) > 1;
    if (over && !a.contains(b) && !b.contains(a)) found.push([a.outerHTML, b.outerHTML]);
  }}));
  return found;
}}"""
OUTSIDE = f"""() => {{ {LEAVES}
  return leaves.filter((e) => {{
    const r = e.getBoundingClientRect(), frame = e.closest(".xe-figure").getBoundingClientRect();
    return r.left < frame.left || r.right > frame.right + 0.5 || r.bottom > frame.bottom + 0.5;
  }}).map((e) => e.outerHTML);
}}"""
