"""Orders that are none, or none of ours, by what plugins write beside them. Data; a shop's settings add keys of their own.

The keys are those of the plugins' public sources.
"""

# On the order that was paid at a marketplace: its child orders are copies of its lines, one for each seller.
SUB_ORDER_KEYS = (
    "has_sub_order",  # Dokan, YITH Multi Vendor
    "has_multivendorx_sub_order",  # MultiVendorX 5
    "has_mvx_sub_order",  # before
    "has_wcmp_sub_order",  # its name before 2022, WC Marketplace
)
# A child order that was made via one of these is no copy: it is the rest of the money of a down payment.
DEPOSITS_VIA = ("wc_deposits",)
# Key → the values that it has on orders which a payment plugin took in its test mode: nobody paid them.
TEST_ORDER_VALUES = {
    "_wcpay_mode": ("test",),  # WooPayments; WooCommerce's own analytics leave out these
    "_wc_stripe_mode": ("test",),  # Payment Plugins for Stripe
    "_stripe_mode": ("test",),  # other Stripe gateways
    "_mollie_payment_mode": ("test",),  # Mollie
    "_ppcp_paypal_payment_mode": ("sandbox",),  # PayPal Payments
    "_wc_klarna_environment": ("test", "us-test"),  # Klarna, Kustom
    # SkyVerge's framework: _wc_, the gateway, _environment.
    "_wc_authorize_net_cim_credit_card_environment": ("test",),
    "_wc_braintree_credit_card_environment": ("sandbox", "test"),
    "_wc_braintree_paypal_environment": ("sandbox", "test"),
    "_wc_square_credit_card_environment": ("sandbox", "test"),
    "_is_test_order": ("1", "yes", "true"),  # gateways that share no name
}
# Values under a key of SUB_ORDER_KEYS that say no.
NO = ("", "0", "no", "false")
