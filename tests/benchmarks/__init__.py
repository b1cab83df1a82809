"""`make bench`: what `annotator bench` measures, and the page in a browser, in one run."""
