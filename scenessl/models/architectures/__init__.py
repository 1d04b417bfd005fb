"""One module per architecture, each with `WIDTH`, the channels after its last block, and `features()`."""
