"""Services as data: loading, checking, and the pure engine that walks them."""
