// Owner of the precompiled ATen header; has no code of its own.
