"""See README.md in this folder."""

from reverse_etl.connectors.slack.connector import Slack
from reverse_etl.connectors.slack.settings import SlackSettings

__all__ = ["Slack", "SlackSettings"]
