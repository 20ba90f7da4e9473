"""Record bundles, canonical form, identifiers, and differences between two states."""
