"""tracker: an event-sourced tracker of corporate relations."""
