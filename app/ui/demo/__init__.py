"""The demonstration: a hospital of its own, a scanner to click on, and a guided tour. UI thread."""
