"""Audio: MFCC extraction, data sets and sequences."""
