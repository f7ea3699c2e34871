"""Answers in the formats of other systems: tables for spreadsheets. Pure."""
