"""Scores outside the models: checked rules, backtests, trained scorecards."""
