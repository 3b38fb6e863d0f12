"""What the site says to those outside: search engines, social cards, dead links, home screens."""

import re
from types import SimpleNamespace
from xml.etree import ElementTree

import published_address
import pytest
from built import HTML, ROOT
from jinja2 import Environment, FileSystemLoader
from PIL import Image

ADDRESS = "https://books.example/cross-entropy/"


def meta(page, name):
    """What a page says under a name of the Open Graph protocol."""
    (tag,) = page.soup.find_all("meta", property=f"og:{name}")
    return tag["content"]


def test_the_card_of_a_page_has_its_title_its_description_and_a_picture(site):
    for page in site.values():
        assert page.soup.title.get_text().startswith(meta(page, "title")), page.name
        assert meta(page, "description") == page.soup.find("meta", attrs={"name": "description"})["content"]
        picture = meta(page, "image")
        if "://" not in picture:
            assert (page.path.parent / picture).is_file(), page.name


def test_the_picture_of_the_card_has_the_size_that_networks_crop_to():
    assert Image.open(HTML / "_static" / "social-card.png").size == (1200, 630)


def test_every_page_has_an_icon_for_the_tab_and_one_for_the_home_screen(site):
    for page in site.values():
        for kind in ("icon", "apple-touch-icon"):
            (link,) = page.soup.find_all("link", rel=kind)
            assert (page.path.parent / link["href"]).is_file(), f"{page.name}: {kind}"


@pytest.mark.parametrize(
    ("given", "address", "path", "card"),
    [
        (ADDRESS, ADDRESS, "/cross-entropy/", f"{ADDRESS}_static/social-card.png"),
        (
            "https://book.example",
            "https://book.example/",
            "/",
            "https://book.example/_static/social-card.png",
        ),
        ("", "", "/", "../_static/social-card.png"),
    ],
)
def test_the_address_is_the_one_in_the_environment_or_none(monkeypatch, given, address, path, card):
    monkeypatch.setenv("BOOK_URL", given)
    config = SimpleNamespace()
    published_address.read_address(None, config)
    assert config.html_baseurl == address
    context = {
        "metatags": '<meta name="description" content="Bits &amp; nats" />',
        "pathto": lambda name, resource: f"../{name}",
    }
    published_address.introduce(SimpleNamespace(config=config), "chapters/a", "page.html", context, None)
    assert context["description"] == "Bits & nats"
    assert (context["site_path"], context["social_card"]) == (path, card)


def test_the_sitemap_lists_every_page_but_the_search_and_the_missing_one(tmp_path):
    for name in ("index.html", "chapters/a.html", "search.html", "404.html", "_static/macro.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    config = SimpleNamespace(html_baseurl=ADDRESS)
    app = SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path, config=config)
    published_address.write_sitemap(app, None)
    places = [place.text for place in ElementTree.parse(tmp_path / "sitemap.xml").findall(".//{*}loc")]
    assert places == [f"{ADDRESS}chapters/a.html", f"{ADDRESS}index.html"]
    config.html_baseurl = ""
    published_address.write_sitemap(app, None)
    assert not (tmp_path / "sitemap.xml").exists()


def missing_page(**context):
    """The head that the page for a missing address adds to the layout."""
    layout = FileSystemLoader(ROOT / "_ext" / "templates")
    source = layout.get_source(Environment(), "404.html")[0].replace('{%- extends "layout.html" %}', "")
    source = source.replace("{{- super() }}", "")
    return Environment().from_string(source).render(pathto=str, **context)


def test_where_the_address_is_known_a_missing_page_leads_its_links_to_the_top_of_the_site():
    head = missing_page(pageurl=f"{ADDRESS}404.html", site_path="/cross-entropy/")
    assert '<base href="/cross-entropy/" />' in head
    assert "<script>" not in head


@pytest.mark.browser
def test_a_missing_page_finds_its_styles_at_any_depth(server, open_page):
    text = (HTML / "404.html").read_text(encoding="utf-8")
    page = open_page(f"{server}/index.html")
    page.route("**/deep/er/*", lambda route: route.fulfill(status=404, content_type="text/html", body=text))
    page.goto(f"{server}/deep/er/missing.html")
    sheets = page.evaluate("[...document.styleSheets].map((sheet) => sheet.href)")
    assert f"{server}/_static/site.css" in [re.sub(r"\?.*", "", sheet or "") for sheet in sheets]
    page.locator("article a", has_text="front page").click()
    page.wait_for_url("**/index.html")
    assert page.locator("h1").inner_text().startswith("Cross-entropy")
