"""The work that the sample company keeps on GitHub, as text, in the form that `jira_work.py` explains.

Here the second part is a repository and the third `epic` (an issue with sub-issues) or `milestone`.
"""

GITHUB = """
= themes | merlo/storefront | milestone | Theme editor beta | pace=0.7 doing=4
- Drag sections on the home page
- Preview on phone and desktop
- Undo in the theme editor
- Colours from the shop's logo
- Custom CSS with a safety net
- Copy a theme to another shop
- Fonts from the merchant's licence
- Publish a theme at a set time
- Compare two versions of a theme
! Editor freezes on long pages
! Sections lose their order after saving

= express | merlo/storefront | milestone | Express checkout | pace=1.0 doing=3
- Wallet buttons on the product page
- Skip the cart for single items
- Show the total with delivery in the wallet sheet
- Same address check as in the long form
- Refuse wallets for age-restricted goods
- Track express orders apart
- Confirm stock before the wallet opens
- Express for signed-in customers
! Wallet sheet closes on rotation
! Total differs by a cent from the receipt
- Keyboard access to wallet buttons
- Express in the embedded shop

= oldbrowsers | merlo/storefront | milestone | Storefront 5.2 | overdue pace=0.8 doing=2
- Remove the support code for old browsers
- New image component
- Typed client for the cart
- Smaller first page
- Lighthouse score in CI
! Language switch reloads the page
! Flicker of the price on load

= relevance | merlo/search | epic | First page shows what shoppers mean | pace=1.1 doing=3
- Learn from clicks which results help
- Synonyms by shop
- Spelling in six languages
- Boost what is in stock
- Size and colour taken from the query
- Judge a hundred queries by hand each month
- Show why a result ranks first
- Filter suggestions by category
- Numbers and units in queries
- Rank new products fairly
- Search by article number first
! Plural forms find nothing in Dutch
! Accents change the results
- Replay last month's queries against a new ranking

= autocomplete | merlo/search | epic | Suggestions while typing | pace=1.3 doing=1
- Answer in 50 ms
- Suggest categories beside products
- Remember a shopper's last queries
- Hide what is sold out
- Touch targets on phones
- Count which suggestions are taken
! Old answers overtake new ones

= reindex | merlo/search | epic | Index in minutes, not hours | all=done when=past
- Only changed products
- Parallel by shop
- Swap indexes without a gap
- Progress per shop
- Alert when an index is older than an hour

= synonyms | merlo/search | epic | Synonyms for every market | all=done when=past
* 16 Synonyms of market #

= ratelimits | merlo/platform | epic | Fair use of the public API | pace=0.9 doing=2
- Budget by plan
- Headers that tell what is left
- Page in the portal that shows the use
- Burst allowance for imports
- Block runaway clients
- Tell merchants before they reach the limit

= edge | merlo/platform | milestone | Edge cache | pace=1.0 doing=2
- Purge a product page when its price changes
- Cache by market and language
- Serve stale pages while the origin is down
- Measure hits by page type
- Vary on the customer group
! Logged-in pages end up in the cache
- Warm the cache after a deploy
- Cost report by shop

= importer | merlo/platform | milestone | Shop importer | pace=1.0 doing=2
- Importer runs as a job that can be stopped
- Retry pictures that time out
- Map variants to options
- Report of what was left out
- Importer for the second-largest competitor
- Redirect table for old links
! Import stops at the first bad row

= pricing_pages | merlo/website | milestone | Website relaunch | pace=1.25 doing=2
- Home page with three customer stories
- Price page with a calculator
- Faster pages on slow phones
- Page for agencies
- Search in the help centre
- Press page
- Forms without third-party scripts
! Cookie banner hides the menu

= audit_site | merlo/website | epic | Find and mend broken links | all=done when=past
- Crawl all pages once a week
- Redirect the old blog
- Report links to pages that moved
- Remove pages nobody reads
"""

ALONE = {
    "merlo/storefront": """
! Buy button stays grey after choosing a size
! Image gallery skips the third picture
! Footer overlaps on very wide screens
! Price with strike-through lacks a label for screen readers
! Swipe goes the wrong way in right-to-left shops
! Video keeps playing in the background
! Cart drawer opens twice
! Variant picker forgets the colour
- Show delivery time on the product page
- Let merchants hide sold-out variants
- Breadcrumbs for nested categories
- Sticky buy button on phones
- Recently viewed products
""",
    "merlo/search": """
! Facet counts are wrong with two filters
! Crash on an empty query from old apps
! Umlauts in article numbers find nothing
! Deleted products stay for a day
- Export queries without results
- Explain the ranking in the admin page
- Search inside one brand
- Load test with ten million products
""",
    "merlo/platform": """
! Webhooks are sent twice after a restart
! API answers 500 for an unknown market
! Token page shows expired tokens as valid
! Pagination skips a row when orders arrive
! Idempotency key is ignored for drafts
! Bulk endpoint times out at 500 rows
- Webhook for changed prices
- Sandbox that resets every night
- API changelog as a feed
- Client library for PHP
- Trace id in every error
- Describe all errors in the reference
""",
    "merlo/website": """
! Form accepts e-mail addresses without a dot
! Language menu lacks Polish
! Wrong price in the structured data
- Page for the Christmas season
- New portraits for the team page
- Sitemap for the help centre
""",
}

UPKEEP = {
    "merlo/storefront": "React, TypeScript, Vite, Playwright, ESLint, sharp, PostCSS, Storybook",
    "merlo/search": "OpenSearch client, Java, Gradle, Netty, Jackson, test containers",
    "merlo/platform": "FastAPI, SQLAlchemy, Redis client, OpenTelemetry, Docker base image, pytest, Helm charts, gRPC",
    "merlo/website": "Astro, Tailwind, Node, image plugin",
}
