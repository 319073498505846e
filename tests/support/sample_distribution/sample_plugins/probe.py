"""A probe: the share of the items on which the evaluator prefers the first response."""

SUMMARY = "first: the share of the first response"


def figures(audited):
    return {"sample-first.share": audited.units.figure((audited.judged == 0).astype(float), reason="no items")}


def sentence(figures):
    return f"it prefers the first response on {figures['sample-first.share'].value:.0%} of the items"
