"""The trials, one module each; a module that holds a `TRIAL` is run."""
