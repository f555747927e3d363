"""The second stage of identity: probable matches that rules cannot see, proposed for review."""
