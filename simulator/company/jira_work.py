"""The work that the sample company keeps in Jira, as text.

A block starts with `= NAME | PROJECT | TYPE | TITLE | OPTIONS`, where a line may break before the last `|`; the lines
below it are its children. `NAME` is what the OKR files call it; the words of `OPTIONS` are explained in `plan.py`.
`- Title` is a story, `! Title` a bug, `+ Title` a task, `* 12 Title #` are twelve stories with their numbers.
"""

JIRA = """
= switch_in_a_day | SHOP | Initiative | Switch to Merlo in a day | pace=1.0

= one_page | SHOP | Epic | One-page checkout
| under=switch_in_a_day component=Checkout version=Checkout_4.0 pace=1.02 doing=3 stuck=1
- Address form that completes street and city
- Show delivery date before payment
- Keep the cart when the session ends
- Guest checkout without an account
- Remember the last payment method
- Inline errors instead of a page reload
- Order summary that stays in view on phones
- Gift notes per parcel
- Split a cart into two deliveries
! Voucher is lost after changing the country
! Back button empties the address form
- Keyboard order through all fields
- Measure the drop-off at each step
- Show saved addresses first

= checkout_speed | SHOP | Epic | Checkout answers in a blink
| component=Checkout version=Checkout_3.9 pace=1.05 doing=2 overdue=2
- Load payment scripts only when needed
- Reserve stock without locking the order
- Send the confirmation mail in the background
- Cache delivery options by postcode
! Basket total is computed four times
- Shrink the checkout bundle below 90 kB
- Prefetch the next step
! Slow query on orders with many lines
- Serve checkout images in modern formats
- Warn when a step takes longer than a second

= one_click | SHOP | Epic | One-click payment
| label=kr:CHECKOUT.2 component=Payments version=Checkout_4.0 pace=0.98 doing=3 blocked=2
- Germany: one-click with direct debit
- France: one-click with Cartes Bancaires
- Italy: one-click with cards
- Spain: one-click with Bizum
- Netherlands: one-click with iDEAL
- Belgium: one-click with Bancontact
- Austria: one-click with EPS
- Poland: one-click with BLIK
- Portugal: one-click with MB Way
- Sweden: one-click with Swish
- Denmark: one-click with MobilePay
- Switzerland: one-click with Twint
- Ask for consent once and keep the proof
- Let shoppers remove a stored method
- Fall back to the normal flow when a bank refuses

= refunds | SHOP | Epic | Refunds without a phone call | component=Payments version=Checkout_3.8 all=done
- Merchant can refund a part of an order
- Refund goes back to the card that paid
- Mail the shopper when money is on its way
- Reconcile refunds with the bank file each night
! Refund twice when the button is pressed twice
- Show refunds in the monthly statement
- Reasons for a refund as a fixed list
- Refund across a change of VAT rate

= portal | SHOP | Epic | New look for the merchant portal | component=Portal pace=0.9 doing=4
- New navigation with fewer levels
- Dark mode
- Dashboard that merchants can arrange
- Icons from the new design system
- Tables with columns to choose
- Shortcuts for power users
- Replace the old date picker
- Welcome tour for new staff accounts

= onboarding | SHOP | Epic | Import a shop from another platform
| under=switch_in_a_day component=Portal pace=1.0 doing=2
- Read products from a CSV export
- Read products from a running shop by its API
- Keep old product links alive
- Import customers without their passwords
- Dry run that lists what will not fit
- Import order history for reports
- Map tax classes by hand where names differ
! Images with spaces in their names are skipped
- Progress page that survives a reload

= tax | SHOP | Epic | One tax engine for all markets | component=Tax_engine pace=0.6 doing=1
- Tax rates from the official feed
- Rounding by line or by order, as the country asks
- Reverse charge for companies
- Receipts that show tax by rate
- Rates that change at midnight of the shop's own zone

= app | SHOP | Epic | Shop app for phones | component=Mobile all=done when=past
- Sign in with a fingerprint
- Scan a barcode to find a product
- Push message when the parcel is near
- Pay in the app
- Offline product list
- Reviews in the app
! App forgets the language after an update
- Share a product with a friend

= languages | SHOP | Epic | The storefront in thirty languages | component=Languages all=done when=past
* 30 Texts and forms of language #

= price_service | PLAT | Epic | All merchants on the new price service
| component=Pricing version=Price_service_2 pace=0.5 doing=2 grew=7
- Copy price lists of wave 1 merchants
- Copy price lists of wave 2 merchants
- Copy price lists of wave 3 merchants
- Copy price lists of wave 4 merchants
- Copy price lists of wave 5 merchants
- Compare old and new prices every night
- Discounts that depend on the customer group
- Prices with a start and an end
- Currency rounding by market
- Audit trail of price changes
- Bulk edit of ten thousand prices
- Merchant API for prices, version 2
- Switch reads over, merchant by merchant
- Switch writes over, merchant by merchant
- Roll back one merchant in a minute
- Turn off the nightly price export
- Delete the old price tables
- Load test with the largest catalogue
- Alert when both services differ
! Price of a bundle is off by one cent
! Negative prices are taken as zero
- Show merchants when their move happens
- Train support for the move
- Write the runbook for the weekend of the move

= latency | PLAT | Epic | Pages in under 200 ms | component=Runtime label=latency pace=1.05 doing=3
- Keep connections to the database warm
- Cache the category tree
- Move session data out of the database
- Read replicas for product pages
- Find the ten slowest endpoints every week
! Memory leak in the image service
- Compress answers above one kilobyte
- Time-outs for every call to a partner
- Budget for each page, checked in CI
- Drop unused middleware from the request path
! Cache stampede after a deploy
- Serve static files from the edge

= availability | PLAT | Epic | Checkout stays up when a zone fails | component=Runtime all=stale
- Second zone for the order database
- Fail over the message queue without loss
- Rehearse the loss of a zone
- Health checks that see more than a port
- Degrade gracefully when payment partners are down
- Status page that updates itself
- Store orders locally while the database is away
- Alarm by the shopper's experience

= deploys | PLAT | Epic | From merge to production in four hours | component=Delivery all=waiting
- Build once, promote the same image
- Cut the test run to ten minutes
- Canary for one percent of the traffic
- Roll back with one button
- Database changes that need no pause
- Preview environment for each pull request
- Release notes written from commits
- Freeze only the services concerned

= plus | PLAT | Epic | Storefront Plus: many brands in one account
| component=Storefront_Plus pace=0.8 doing=2
- Several shops under one login
- Share products between brands
- One invoice for all brands
- Rights by brand and by role
- Own domain for each brand
- Reports over all brands
- Limits by plan, checked at the API

= sso | PLAT | Epic | Single sign-on for enterprise accounts | component=Identity pace=0.9 doing=2
- Sign in through OpenID Connect
- Sign in through SAML
- Create accounts on first sign-in
- Remove accounts when people leave
- Audit log that customers can export
- Enforce sign-on by domain
! Session outlives the identity provider's

= regions | PLAT | Epic | Every shop in two regions | component=Runtime all=planned
- Second region with the same images
- Order database that writes in both regions
- Copy the search index between regions
- Send each shopper to the nearer region
- Move one shop to the second region and back
- Pictures in both regions
- Message queue that spans regions
- Sessions that outlive a move
- Secrets in both regions
- Deploy region by region
- Costs by region
- Alarms by region
- Keep personal data in its region
- Rehearse the loss of a region
- Switch a region off in ten minutes
- Move the first hundred shops
- Move all other shops
- Tell merchants in which region they are

= api | PLAT | Epic | Version 3 of the public API | component=Delivery all=planned
* 24 Version 3 of endpoint #

= sign_in | PLAT | Epic | All shops on the new sign-in | component=Delivery all=done when=past
* 30 Move wave # of the shops to the new sign-in

= warehouse | PLAT | Epic | Move reports to the data warehouse | component=Reporting all=done when=past
- Stream orders into the warehouse
- Rebuild the sales report
- Rebuild the stock report
- Merchant reports by mail
- Delete the old reporting database
- Check totals against the ledger

= marketplace | GRO | Epic | Partner marketplace | component=Partners all=cancelled
- Listing page for partner apps
- Review process for new apps
- Revenue share with partners
- Install an app with one click
- Ratings for apps
- Partner sign-up

= fairs | GRO | Epic | Retail fairs in spring | component=Events pace=0.7 doing=2
- Book the stand in Düsseldorf
- Demo shop that works offline
- Invite the two hundred largest prospects
- Follow-up mails within a day
- Talk on switching platforms

= welcome | GRO | Epic | First week with Merlo
| under=switch_in_a_day component=Onboarding version=Spring_campaign pace=1.5 doing=2
- Mail series for the first seven days
- Checklist in the portal
- Call from a person on day two
- Videos for the five first tasks
- Find shops that stop half-way
- Offer help in the shop's own language
- Measure time to the first order
- Template shops by trade

= care | GRO | Epic | Customer care that knows the shop | label=kr:COMPANY.2 component=Care pace=0.45 doing=1
- Show the shop's last deploys to support
- One thread for mail, chat and phone
- Suggest help pages before a ticket is sent
- Ask for a rating after each case
- Call back instead of waiting
- Weekly list of the ten commonest questions
- Tell merchants when their wish is built
- Goodwill credits without asking a manager

= sales_tools | GRO | Epic | Quotes and contracts for big accounts | component=Sales_tools pace=0.4 doing=2
- Quote with prices by volume
- Contract for several brands
- Forecast of deals by region
- Show open invoices to account managers
- Remind of renewals ninety days ahead
- Trial accounts for purchasing departments
- Approvals for discounts above ten percent
- Hand over from sales to support

= trades | GRO | Epic | A landing page for every trade | component=Content all=done when=past
* 16 Landing page of trade #

= blog | GRO | Epic | Merchant stories | component=Content all=done when=past closed
- Story: a bookshop from Ghent
- Story: bicycles from Freiburg
- Story: tea from Porto
- Photo guide for interviews
- Newsletter with one story a month
"""

ALONE = {
    "SHOP": """
! Order mail shows the wrong currency
! Cart badge counts deleted items
! Search box covers the menu on small screens
! Shipping label prints on two pages
! Discount is shown twice on the invoice
! Wish list loses items after sign-in
! Product zoom stays open after going back
! Filter for sizes ignores half sizes
! Newsletter box is ticked by default in Austria
! Images jump while the page loads
! CSV export cuts umlauts
! Stock is negative after a cancelled order
! Order search ignores leading zeros
! Long product names break the label
! Merchant cannot delete a draft order
! Sort by price mixes net and gross
! Two mails for one order after a time-out
! Time of pickup is shown in UTC
- Show VAT number on the invoice
- Let merchants add a note for the warehouse
- Reorder from the order history
- Sizes as a table on product pages
""",
    "PLAT": """
+ Replace the log shipper
+ Clean up unused feature flags
+ Try the new load balancer in staging
+ Rewrite the job scheduler
+ Spike: orders as events
+ Own DNS for preview environments
! Nightly backup takes eleven hours
! Metrics are missing after a restart
! Queue consumer stops without an error
! Disk fills up with old images
! Clock skew between two nodes
! Alerts fire twice
! Certificate renewal fails for wildcard names
! Rate limit counts health checks
! Search index lags after bulk edits
! Memory of the worker grows by the day
""",
    "GRO": """
+ Price page: compare the three plans
+ Landing page for fashion shops
+ Landing page for bookshops
+ Case study with the tea shop from Porto
+ Survey among merchants who left
+ Refresh the brand photos
+ Translate the help centre into Polish
+ Clean the list of newsletter readers
+ Test two prices for the starter plan
+ Webinar on the Christmas season
+ Referral bonus for merchants
! Tracking counts visits twice
! Contact form loses attachments
""",
}

UPKEEP = {
    "SHOP": "payment SDK, form library, PDF renderer, image library, mail templates, browser tests, texts, icons",
    "PLAT": "PostgreSQL, Kubernetes, base images, TLS certificates, message queue, Python, Terraform, log storage",
    "GRO": "consent banner, analytics snippet, mail provider, web fonts",
}

CHECKS = (
    "Texts and translations",
    "Accessibility check",
    "Feature flag and roll-out plan",
    "Help page",
    "Design review",
    "Tests on real phones",
)
