"""The matplotlib renderer; nothing here is imported before a figure is asked for."""
