"""The typed events API: API keys, `POST /v1/events`, what became of a request, OpenAPI."""
