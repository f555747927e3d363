"""What is read from vendors through their APIs: sources, accounts, budgets, and what is shown."""
