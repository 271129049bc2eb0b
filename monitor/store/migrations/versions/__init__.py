"""One module per change, each with its `revision` and the `down_revision` it follows."""
