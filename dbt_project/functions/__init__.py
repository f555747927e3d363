"""Normalisation and hashing shared by every engine connection that runs the models."""
