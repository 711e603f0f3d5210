"""Numbers as sentences name them, the same in findings, reasons and on the terminal."""


def percent(share: float) -> str:
    """`43 %`; what is neither nothing nor all is never said to be 0 % or 100 %."""
    rounded = round(share * 100)
    if 0 < share < 1:
        rounded = min(max(rounded, 1), 99)
    return f"{rounded} %"


def shortened(title: str) -> str:
    """A title as a sentence names it: at most 60 characters."""
    return title if len(title) <= 60 else title[:59] + "…"
