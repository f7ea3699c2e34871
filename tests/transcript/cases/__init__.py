"""What is asked, apart from how: tables of cases, one module for each way to ask."""
