"""Files balanced with a trained generator."""
