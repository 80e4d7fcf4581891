"""Addresses that are no customer's own, as data."""

# Marketplaces stand between buyer and seller: mail to these addresses is for the order alone, and their rules forbid advertising.
RELAY_DOMAINS = (
    r"marketplace\.amazon\.[a-z.]+",
    r"members\.ebay\.[a-z.]+",
    r"verkopen\.bol\.com",
    r"(?:user\.)?allegrogroup\.pl",
    r"allegromail\.[a-z]+",
    r"relay\.walmart\.com",
    r"marketplace\.newegg\.[a-z]+",
    r"seller\.sears\.com",
    r"marketplace\.emag\.[a-z]+",
    r"kaufland-marktplatz\.[a-z]+",
    r"scs[0-9]*\.tiktokw?\.[a-z]+",
    r"shipping\.temuemail\.com",
    r"notification\.mirakl\.net",
    r"private-relay\.reverb\.com",
    r"fw\.rakuten\.ne\.jp",
)
# Names of tasks in place of a person's (RFC 2142, and what shops get besides), in the languages of customers.
ROLES = (
    *("abuse", "admin", "administrator", "billing", "contact", "hello", "help", "hostmaster", "info", "mail", "marketing"),
    *("no-reply", "noreply", "office", "orders", "postmaster", "sales", "security", "service", "shop", "support", "webmaster"),
    *("accounting", "accounts", "bookings", "careers", "contactus", "customercare", "customerservice", "customer-service", "enquiries"),
    *("feedback", "finance", "helpdesk", "invoice", "invoices", "jobs", "newsletter", "news", "order", "payments", "press", "privacy"),
    *("purchasing", "reception", "returns", "root", "store", "team"),
    # Dutch, German
    *("administratie", "bestellingen", "boekhouding", "facturen", "facturatie", "inkoop", "klantenservice", "verkoop"),
    *("anfrage", "bestellung", "bestellungen", "buchhaltung", "buero", "büro", "datenschutz", "einkauf", "empfang", "kontakt"),
    *("kundenservice", "kundendienst", "rechnung", "rechnungen", "verkauf", "vertrieb"),
    # French, Italian, Spanish, Portuguese
    *("accueil", "achats", "boutique", "commande", "commandes", "comptabilite", "facturation", "serviceclient", "service-client", "ventes"),
    *("acquisti", "amministrazione", "assistenza", "clienti", "contatti", "contatto", "fatture", "ordini", "segreteria", "servizioclienti"),
    *("ufficio", "vendite"),
    *("administracion", "atencionalcliente", "ayuda", "compras", "contabilidad", "contacto", "facturacion", "hola", "oficina", "pedidos"),
    *("servicioalcliente", "tienda", "ventas"),
    *("apoio", "apoioaocliente", "contabilidade", "contato", "encomendas", "escritorio", "faturacao", "geral", "loja", "vendas"),
    # Polish, Czech, Slovak, Hungarian, Romanian
    *("biuro", "faktury", "ksiegowosc", "obsluga", "obslugaklienta", "pomoc", "reklamacje", "rodo", "sekretariat", "sklep"),
    *("sprzedaz", "zakupy", "zamowienia", "zwroty"),
    *("fakturace", "nakup", "objednavky", "obchod", "podpora", "predaj", "prodej", "reklamace", "reklamacie", "uctarna", "uctovnictvo"),
    *("zakaznickapodpora", "zakaznickyservis"),
    *("iroda", "kapcsolat", "megrendeles", "penzugy", "rendeles", "szamlazas", "ugyfelszolgalat"),
    *("comenzi", "facturi", "magazin", "vanzari"),
    # Danish, Norwegian, Swedish, Finnish; Turkish
    *("bogholderi", "faktura", "fakturor", "kundeservice", "kundtjanst", "kundtjänst", "ordre", "salg", "ekonomi"),
    *("asiakaspalvelu", "laskut", "myynti", "toimisto"),
    *("bilgi", "destek", "iletisim", "muhasebe", "satis", "siparis"),
)
