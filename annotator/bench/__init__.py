"""`annotator bench`: how fast this machine is with a model, beside the plain way of using the same model, in one run.

    run ──▶ cases (pictures, a server in a process of its own, the plain predictor) ──▶ figures ──▶ Report

It uses what everybody can use, the engine's public verbs and the HTTP API, and touches nobody's project: all of it
happens in a temporary folder.
"""
