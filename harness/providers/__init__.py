"""Where replies come from: the chat client, retries, rate limits, budgets, and one backend a file."""
