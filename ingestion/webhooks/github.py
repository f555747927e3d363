"""GitHub: one delivery a request, keyed by ``X-GitHub-Delivery``, which a redelivery keeps.

GitHub does not sign that header, so a captured request with another id in it is another event.
"""

from ingestion.signatures import GITHUB
from ingestion.webhooks.base import WebhookSource
from ingestion.webhooks.single import by_header

split = by_header("x-github-delivery")

SOURCE = WebhookSource("github", GITHUB, split, frozenset({GITHUB.header}))
