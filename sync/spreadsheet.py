"""CSV that spreadsheets read as it is meant: UTF-8, and no cell that computes. Pure."""

BYTE_ORDER_MARK = "\ufeff"
"""Without it, spreadsheets take UTF-8 for something else."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that make a spreadsheet compute a cell; the wide ones count too."""


def harmless(cell: str) -> str:
    """The cell as text to every spreadsheet: a formula gets an apostrophe in front."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


class Line:
    """A file for a `csv.writer` that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        """The line itself, which `writerow` returns."""
        return line
