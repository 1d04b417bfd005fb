"""The page says what the PDF says: every word and number of one is in the other, in the same order.

The PDF is read back with pypdf, so that what is compared is what its readers get. SCENESSL_PAGE names the page of
another finished study than the demonstration, whose PDF lies beside it.
"""

import re
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader

pytestmark = pytest.mark.slow
BLOCKS = {
    "p",
    "li",
    "tr",
    "h1",
    "h2",
    "h3",
    "h4",
    "figcaption",
    "blockquote",
    "figure",
    "table",
    "div",
    "section",
    "ul",
}
UNCLOSED = {"meta", "link", "img", "br", "input", "hr", "col", "wbr"}
HIDDEN = {"script", "style", "header", "dialog", "head"}
OWN = {"viewer", "skip", "contents"}
"""Classes of what only the page has, and the contents, which have page numbers in the PDF."""
HYPHEN = re.compile(r"(?<=[^\W\d_])[-‐\xad](?=[^\W\d_])")
"""Between letters: whether it parts a word or a line is not to be seen."""


LIST_SIGNS = re.compile(r"•|\d+\.")
"""What the PDF sets before the items of a list, and HTML leaves to its reader."""


class Blocks(HTMLParser):
    """Collects the text of the page block by block (a row of a table is one), and the heads of its tables."""

    def __init__(self, text):
        super().__init__()
        self.blocks, self.heads, self.skipped, self.is_head = [""], set(), 0, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        own = tag in HIDDEN or dict(attributes).get("class") in OWN
        if tag not in UNCLOSED and (self.skipped or own):
            self.skipped += 1
        if tag in BLOCKS:
            self.blocks.append("")
        self.is_head |= tag == "thead"

    def handle_endtag(self, tag):
        if self.skipped and tag not in UNCLOSED:
            self.skipped -= 1
        if tag in BLOCKS:
            if self.is_head:
                self.heads.add(joined(self.blocks[-1]))
            self.blocks.append("")
        self.is_head &= tag != "thead"

    def handle_data(self, data):
        if not self.skipped:
            self.blocks[-1] += f"{data} "


def joined(text):
    """Text without white space and without hyphens inside words."""
    return HYPHEN.sub("", re.sub(r"\s+", "", text))


def printed(file):
    """The PDF's text as (cover, all behind the contents), joined, without the line at the foot of each page."""
    pages = [page.extract_text() for page in PdfReader(file).pages]
    first = next(at for at, text in enumerate(pages) if text.startswith("1 Introduction"))
    texts = []
    for number, text in enumerate(pages[first:], start=1 + first):
        lines = text.rstrip().split("\n")
        assert lines[-1] == str(number)
        lines = lines[:-2]
        while lines and LIST_SIGNS.fullmatch(lines[-1].strip()):  # pypdf gives a page's list signs behind its text
            lines.pop()
        texts.append("\n".join(lines))
    return joined(pages[0]), joined(" ".join(texts))


@pytest.fixture(scope="module")
def both(study_page):
    """(blocks of the page, heads of its tables, cover of the PDF, its other text)."""
    page = Blocks(study_page.read_text(encoding="utf-8"))
    blocks = [block for block in map(joined, page.blocks) if block]
    return blocks, page.heads, *printed(study_page.with_name("report.pdf"))


def between(blocks, text):
    """Find the blocks in the text, one behind the other; give what stands between them."""
    found, place = [], 0
    for block in blocks:
        at = text.find(block, place)
        assert at >= 0, f"the PDF lacks, behind {text[place - 60 : place]!r}: {block!r}"
        found.append(text[place:at])
        place = at + len(block)
    return [*filter(None, found), *filter(None, [text[place:]])]


def test_page_and_pdf_hold_the_same_words_and_numbers_in_the_same_order(both):
    blocks, heads, cover, text = both
    first = blocks.index("1Introduction")
    assert "".join(blocks[:first]) == cover and len(text) > 20_000
    more = {LIST_SIGNS.sub("", one) for one in between(blocks[first:], text)}
    assert more <= {"", *heads}  # heads of tables are repeated on the next sheet


def test_a_number_that_differs_is_found(both):
    blocks, _, _, text = both
    number = re.search(r"\d\d\.\d\d%", text)[0]
    with pytest.raises(AssertionError, match="the PDF lacks"):
        between(blocks[blocks.index("1Introduction") :], text.replace(number, "00.01%"))
