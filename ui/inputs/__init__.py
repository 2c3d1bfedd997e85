"""What users give: scenarios to compare, files to check, portfolios, practices."""
