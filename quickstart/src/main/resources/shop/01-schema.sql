-- A small shop. Types, keys and relations are those of ordinary applications on purpose: text, uuid,
-- identity and composite keys, an enum, arrays, jsonb, and a long text that PostgreSQL keeps in TOAST.

CREATE TYPE order_status AS ENUM ('placed', 'paid', 'shipped', 'delivered', 'cancelled');

CREATE TABLE customers (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email           text NOT NULL UNIQUE,
    full_name       varchar(120) NOT NULL,
    birth_date      date,
    country         varchar(2) NOT NULL,
    preferences     jsonb NOT NULL DEFAULT '{}',
    interests       text[] NOT NULL DEFAULT '{}',
    loyalty_points  integer NOT NULL DEFAULT 0,
    newsletter      boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE products (
    sku             text PRIMARY KEY,
    name            text NOT NULL,
    -- About 10 kB: stored in TOAST, and left out of the log by every update that does not touch it.
    description     text NOT NULL,
    price           numeric(10, 2) NOT NULL CHECK (price > 0),
    weight_kg       double precision,
    tags            text[] NOT NULL DEFAULT '{}',
    attributes      jsonb NOT NULL DEFAULT '{}',
    thumbnail       bytea,
    stock           integer NOT NULL DEFAULT 0,
    available       boolean NOT NULL DEFAULT true,
    updated_at      timestamp NOT NULL DEFAULT localtimestamp
);

-- It would not compress.
ALTER TABLE products ALTER COLUMN description SET STORAGE EXTERNAL;

CREATE TABLE orders (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id     uuid NOT NULL REFERENCES customers,
    status          order_status NOT NULL DEFAULT 'placed',
    currency        varchar(3) NOT NULL DEFAULT 'EUR',
    total           numeric(14, 2) NOT NULL DEFAULT 0,
    exchange_rate   numeric(24, 12),
    ship_to         jsonb NOT NULL,
    note            text,
    deliver_by      date,
    placed_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    shipped_at      timestamptz
);

CREATE TABLE order_items (
    order_id        bigint NOT NULL REFERENCES orders,
    line            smallint NOT NULL,
    sku             text NOT NULL REFERENCES products,
    quantity        integer NOT NULL CHECK (quantity > 0),
    unit_price      numeric(10, 2) NOT NULL,
    discount        real NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, line)
);

CREATE TABLE payments (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id        bigint NOT NULL REFERENCES orders,
    method          text NOT NULL,
    amount          numeric(14, 2) NOT NULL,
    captured        boolean NOT NULL DEFAULT false,
    attempts        integer[] NOT NULL DEFAULT '{}',
    paid_at         timestamptz
);
