"""The file of the sample company that says who hears of what. `@name` stands for a value, as in the other files."""

ALERTS = """
# Who hears of what. These two channels end in the terminal in which `northing demo` runs: nothing leaves this machine.
# Yours have addresses of Slack, Teams, mail or a webhook: docs/how-to/alerts.md.
alerts:
  channels:
    leads: @inbox_url/leads
    platform: @inbox_url/platform
  routes:
    - {to: leads, severity: critical}
    - {to: platform, team: platform, severity: warning}
  digests:
    - {to: leads}
    - {to: platform, team: platform, at: mon 08:30}
"""
