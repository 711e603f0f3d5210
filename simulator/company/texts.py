"""The files of the sample company's configuration. `@name` stands for a value that is known when they are written."""

MAIN = """
# Merlo sells an online shop platform. This is its set-up for Northing; teams and objectives have files of their own.
version: 1
include: [@include]

connections:
  jira:
    kind: jira
    url: @jira_url
    auth: {email: sync@@acme.example, token: "${NORTHING_DEMO_JIRA_TOKEN:-jira-token}"}
    projects: [SHOP, PLAT, GRO]
  github:
    kind: github
    url: @github_url
    auth: {token: "${NORTHING_DEMO_GITHUB_TOKEN:-github-token}"}
    repositories: ["merlo/*"]

cycles:
  - {key: @last_cycle, start: @last_start, end: @last_end}
  - {key: @cycle, start: @start, end: @end}

themes:
  - {key: growth, title: Grow in Europe}
  - {key: trust, title: Be the platform that does not fail}
  - {key: brand, title: Be known for good taste}

conventions:
  label: "kr:{key}"
  trailer: Key-Result
  jira_field: Key Result

intentional:
  - {reason: Keep the lights on, work: {label: [maintenance, security]}}
"""

TEAMS = """
# The delivery structure: who owns which work. The tax engine has no team since the last reorganisation, and the tools
# of the sales people are not made by those who make what they sell.
teams:
  - key: product
    name: Product & Engineering
    lead: Maren Vogt
  - key: commerce
    name: Commerce
    parent: product
    lead: Dana Weiss
    owns:
      - {connection: jira, project: SHOP, not: {component: Tax engine}}
      - {connection: github, repository: merlo/storefront}
  - key: platform
    name: Platform
    parent: product
    lead: Ivo Novak
    owns:
      - {connection: jira, project: PLAT}
      - {connection: github, repository: merlo/platform}
  - key: plus
    name: Storefront Plus
    parent: product
    lead: Rosa Lind
    owns:
      - {connection: jira, project: PLAT, component: Storefront Plus}
  - key: growth
    name: Growth
    parent: product
    lead: Sade Bello
    owns:
      - {connection: jira, project: GRO}
      - {connection: github, repository: merlo/website}
  - key: data
    name: Search & Data
    parent: product
    lead: Tomas Reyes
    owns:
      - {connection: github, repository: merlo/search}
  - key: sales
    name: Sales Operations
    lead: Ben Osei
    owns:
      - {connection: jira, project: GRO, component: Sales tools}
"""

COMPANY = """
objectives:
  - key: COMPANY
    title: Be the shop platform that mid-size retailers switch to
    cycle: @cycle
    team: product
    owner: Maren Vogt
    theme: growth
    kind: aspirational
    key_results:
      - key: COMPANY.1
        title: 180 new merchants from other platforms
        weight: 2
        metric: {unit: merchants, start: 0, target: 180}
      - key: COMPANY.2
        title: Net promoter score from 31 to 45
        metric: {unit: points, start: 31, target: 45}
      - key: COMPANY.3
        title: Monthly churn from 4.1 % to 3.0 %
        metric: {unit: "%", start: 4.1, target: 3.0}
        delivery: {none: The teams' objectives below carry it}
      # Leadership's number, given to the team that makes Storefront Plus. It moves by four hands, and one is nobody's:
      # STR302 and STR308 say so.
      - key: COMPANY.4
        title: Storefront Plus at $10M of annual revenue, from $7.2M
        team: plus
        owner: Rosa Lind
        metric: {unit: $M, start: 7.2, target: 10}
        levers:
          - {connection: jira, project: PLAT, component: Storefront Plus}
          - {connection: jira, project: PLAT, component: Identity}
          - {connection: jira, project: GRO, component: Sales tools}
          - {connection: jira, project: SHOP, component: Tax engine}

mappings:
  - key_result: COMPANY.1
    work: {connection: jira, epic: @switch_in_a_day}
  - key_result: COMPANY.1
    work: {connection: github, repository: merlo/platform, milestone: @importer}
  - key_result: COMPANY.1
    work: {connection: github, repository: merlo/website, milestone: @pricing_pages}
  - key_result: COMPANY.1
    work: {connection: github, epic: "@autocomplete"}
  # Already part of the initiative above: COV104 says so.
  - key_result: COMPANY.1
    work: {connection: jira, epic: @onboarding}
  - key_result: COMPANY.4
    work: {connection: jira, epic: [@plus, @sso, @sales_tools]}
  # COMPANY.2 is linked from below: label kr:COMPANY.2 in Jira, a Key-Result line on GitHub.
"""

CHECKOUT = """
objectives:
  - key: CHECKOUT
    title: Make checkout the reason shoppers come back
    cycle: @cycle
    team: commerce
    owner: Dana Weiss
    theme: growth
    supports: [COMPANY.1]
    kind: committed
    key_results:
      - key: CHECKOUT.1
        title: Checkout conversion from 2.1 % to 3.0 %
        weight: 2
        metric: {unit: "%", start: 2.1, target: 3.0}
      - key: CHECKOUT.2
        title: One-click payment live in 12 markets
        value: {from: delivery}
        levers:
          - {connection: jira, project: SHOP, component: Payments}
          - {connection: jira, project: SHOP, component: Tax engine}
      - key: CHECKOUT.3
        title: Refunds arrive within 2 days instead of 6
        metric: {unit: days, start: 6, target: 2}
      - key: CHECKOUT.4
        title: 11 % of searches end in a cart, up from 8 %
        metric: {unit: "%", start: 8, target: 11}
"""

RELY = """
objectives:
  - key: RELY
    title: Merchants never notice that we deploy
    cycle: @cycle
    team: platform
    owner: Ivo Novak
    theme: trust
    supports: [COMPANY.3]
    kind: committed
    key_results:
      - key: RELY.1
        title: Keep 95 % of pages under 200 ms
        metric: {type: keep, min: 0, max: 200, unit: ms}
      - key: RELY.2
        title: Checkout availability from 99.90 % to 99.98 %
        metric: {unit: "%", start: 99.90, target: 99.98}
      - key: RELY.3
        title: From merge to production in 4 hours instead of 72
        metric: {unit: hours, start: 72, target: 4}
      - key: RELY.4
        title: All merchants on the new price service
        value: {from: delivery}
"""

REACH = """
# Nothing stands behind this objective yet, and all levers of its first key result are in other hands: STR301.
objectives:
  - key: REACH
    title: Bring Storefront Plus to the big retailers
    cycle: @cycle
    team: growth
    theme: growth
    kind: aspirational
    key_results:
      - key: REACH.1
        title: 25 retailers with several brands under contract, up from 4
        metric: {unit: retailers, start: 4, target: 25}
        levers:
          - {connection: jira, project: PLAT, component: Storefront Plus}
          - {connection: jira, project: PLAT, component: Identity}
      - key: REACH.2
        title: 40 apps in the partner marketplace
        metric: {unit: apps, start: 0, target: 40}
      - key: REACH.3
        title: Visits from search engines from 200k to 320k a month
        metric: {unit: thousand, start: 200, target: 320}
"""

COMMERCE_WORK = """
mappings:
  - key_result: CHECKOUT.1
    work: {connection: jira, epic: [@one_page]}
    share: 50
  - key_result: CHECKOUT.1
    work: {connection: github, repository: merlo/storefront, milestone: @express}
    share: 30
  - key_result: CHECKOUT.1
    work: {connection: jira, project: SHOP, version: Checkout 3.9}
    share: 20
  # CHECKOUT.2 is linked by the label kr:CHECKOUT.2 on its epic.
  - key_result: CHECKOUT.3
    work: {connection: jira, project: SHOP, version: Checkout 3.8}
  - key_result: CHECKOUT.4
    work: {connection: github, epic: "@relevance"}
  - key_result: CHECKOUT.4
    work: {connection: jira, project: SHOP, title: ["Filter for sizes*", "Sort by price*", "Sizes as a table*"]}
"""

PLATFORM_WORK = """
mappings:
  - key_result: RELY.1
    work: {connection: jira, jql: "project = PLAT AND labels = latency"}
  - key_result: RELY.1
    work: {connection: github, repository: merlo/platform, milestone: @edge}
  - key_result: RELY.2
    work: {connection: jira, epic: @availability}
  - key_result: RELY.3
    work: {connection: jira, epic: @deploys}
  - key_result: RELY.4
    work: {connection: jira, project: PLAT, version: Price service 2}
"""

GROWTH_WORK = """
mappings:
  # The marketplace was cancelled: every item behind REACH.2 is "Won't Do".
  - key_result: REACH.2
    work: {connection: jira, epic: @marketplace}
  # Nobody uses this label: COV101 and COV104 say so.
  - key_result: REACH.3
    work: {connection: github, label: seo-relaunch}
"""

CHECK_INS = """
checkins:
@checkins
"""

LAST_QUARTER = """
# What was reached last quarter. It is closed, and tells how much the teams finish in a week.
objectives:
  - key: BASE
    title: Be ready for the big season
    cycle: @last_cycle
    team: product
    owner: Maren Vogt
    theme: trust
    kind: committed
    key_results:
      - {key: BASE.1, title: All shops on the new sign-in, team: platform, value: {from: delivery}}
      - {key: BASE.2, title: The storefront in 30 languages, team: commerce, value: {from: delivery}}
      - {key: BASE.3, title: A landing page for each of 16 trades, team: growth, value: {from: delivery}}
      - {key: BASE.4, title: Searches with synonyms in 16 markets, team: data, value: {from: delivery}}

mappings:
  - key_result: BASE.1
    work: {connection: jira, epic: @sign_in}
  - key_result: BASE.2
    work: {connection: jira, epic: @languages}
  - key_result: BASE.3
    work: {connection: jira, epic: @trades}
  - key_result: BASE.4
    work: {connection: github, epic: "@synonyms"}
"""

NEXT_QUARTER = """
# The next quarter as it is being planned. northing.yaml does not include this file yet; see what it promises with
#   northing plan check plans/next-quarter.yaml
cycles:
  - {key: @next_cycle, start: @next_start, end: @next_end}

objectives:
  - key: PLUS
    title: Make Storefront Plus the second leg of the company
    cycle: @next_cycle
    team: product
    owner: Maren Vogt
    theme: growth
    kind: aspirational
    key_results:
      # The levers of this number lie with four teams and with nobody: STR302, STR303, STR308.
      - key: PLUS.1
        title: Storefront Plus at $14M of annual revenue, from $10M
        team: plus
        owner: Rosa Lind
        metric: {unit: $M, start: 10, target: 14}
        levers:
          - {connection: jira, project: PLAT, component: Storefront Plus}
          - {connection: jira, project: PLAT, component: Identity}
          - {connection: jira, project: GRO, component: Sales tools}
          - {connection: jira, project: SHOP, component: Portal}
          - {connection: jira, project: SHOP, component: Tax engine}
      # Nothing says what would move it: the cascade ends here.
      - key: PLUS.2
        title: 95 % of the big retailers renew, up from 88 %
        metric: {unit: "%", start: 88, target: 95}
      # Too little is known of how fast this team works to say whether it carries it.
      - key: PLUS.3
        title: A quote within one day instead of 21
        team: sales
        owner: Ben Osei
        metric: {unit: days, start: 21, target: 1}
  - key: REGIONS
    title: A region may fail, and no shop does
    cycle: @next_cycle
    team: platform
    owner: Ivo Novak
    theme: trust
    supports: [PLUS.1]
    kind: committed
    key_results:
      - key: REGIONS.1
        title: All shops run in two regions
        value: {from: delivery}
      - key: REGIONS.2
        title: Visits to the status page from 900 to 300 a month
        metric: {unit: visits, start: 900, target: 300}
        delivery: {none: Follows from REGIONS.1}
  # Platform's second objective. Both together are more than it carries: STR304.
  - key: PARTNERS
    title: Partners build what we do not
    cycle: @next_cycle
    team: platform
    owner: Priya Nair
    theme: growth
    supports: [PLUS.1]
    kind: committed
    key_results:
      - key: PARTNERS.1
        title: All 24 endpoints in version 3
        value: {from: delivery}
  # A team's objective that supports nothing above it: STR305.
  - key: FAIRS
    title: Be seen at the spring fairs
    cycle: @next_cycle
    team: growth
    owner: Sade Bello
    theme: brand
    kind: aspirational
    key_results:
      - key: FAIRS.1
        title: 60 talks with retailers of more than 500 people
        metric: {unit: talks, start: 0, target: 60}

mappings:
  - key_result: PLUS.3
    work: {connection: jira, epic: @sales_tools}
  - key_result: REGIONS.1
    work: {connection: jira, epic: @regions}
  - key_result: PARTNERS.1
    work: {connection: jira, epic: @api}
  - key_result: FAIRS.1
    work: {connection: jira, epic: @fairs}
"""

FILES = {
    "northing.yaml": MAIN,
    "okrs/1-company.yaml": COMPANY,
    "okrs/2-checkout.yaml": CHECKOUT,
    "okrs/3-rely.yaml": RELY,
    "okrs/4-reach.yaml": REACH,
    "okrs/5-last-quarter.yaml": LAST_QUARTER,
    "okrs/check-ins.yaml": CHECK_INS,
    "teams/teams.yaml": TEAMS,
    "teams/commerce.yaml": COMMERCE_WORK,
    "teams/platform.yaml": PLATFORM_WORK,
    "teams/growth.yaml": GROWTH_WORK,
    "plans/next-quarter.yaml": NEXT_QUARTER,
}
