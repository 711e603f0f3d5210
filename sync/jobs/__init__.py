"""What the service does beside people: jobs, when they are due, and who runs them."""
