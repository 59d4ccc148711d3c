-- What the shop holds before it opens: some 200,000 rows.

-- They refer to each other as they should; checking it row by row would take most of the time.
SET session_replication_role = replica;

-- About 10 kB in words nobody can compress.
CREATE FUNCTION shop_description() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT string_agg(encode(sha512(random()::text::bytea), 'hex'), ' ') FROM generate_series(1, 77)
$$;

INSERT INTO customers (email, full_name, birth_date, country, preferences, interests, loyalty_points,
                       newsletter, created_at)
SELECT 'customer' || n || '@example.com',
       (ARRAY['Ada','Grace','Edsger','Barbara','Donald','Frances','Tony','Radia'])[1 + n % 8] || ' '
           || (ARRAY['Lovelace','Hopper','Dijkstra','Liskov','Knuth','Allen','Hoare','Perlman'])[1 + n / 8 % 8],
       CASE WHEN n % 7 = 0 THEN NULL ELSE date '1950-01-01' + n % 20000 END,
       (ARRAY['DE','FR','IT','ES','PL','NL'])[1 + n % 6],
       jsonb_build_object('theme', CASE WHEN n % 2 = 0 THEN 'dark' ELSE 'light' END, 'page', n % 50),
       CASE n % 3 WHEN 0 THEN ARRAY['books', 'größe, "quoted"'] WHEN 1 THEN ARRAY['wine'] ELSE '{}' END,
       n % 1000,
       n % 4 = 0,
       timestamptz '2024-01-01 00:00:00+00' + n * interval '7 minutes 1.000123 seconds'
FROM generate_series(1, 20000) n;

INSERT INTO products (sku, name, description, price, weight_kg, tags, attributes, thumbnail, stock)
SELECT 'SKU-' || lpad(n::text, 6, '0'),
       (ARRAY['Lamp','Chair','Table','Shelf','Clock'])[1 + n % 5] || ' No. ' || n,
       shop_description(),
       (1 + n % 50000 / 100.0)::numeric(10, 2),
       CASE WHEN n % 9 = 0 THEN NULL ELSE n % 400 / 7.0 END,
       CASE WHEN n % 2 = 0 THEN ARRAY['new', NULL, 'sale'] ELSE '{}' END,
       jsonb_build_object('colour', (ARRAY['red','blue','oak'])[1 + n % 3], 'size', jsonb_build_array(n % 90, n % 60)),
       decode(md5(n::text), 'hex'),
       100000
FROM generate_series(1, 1000) n;

-- Each has two lines; their total is worked out here and not by a second pass over the table.
INSERT INTO orders (id, customer_id, status, total, exchange_rate, ship_to, note, deliver_by, placed_at)
OVERRIDING SYSTEM VALUE
SELECT n, c.id,
       (ARRAY['placed','paid','shipped','delivered']::order_status[])[1 + n % 4],
       (1 + (n + 1) % 4) * p1.price + (1 + (n + 2) % 4) * p2.price,
       CASE WHEN n % 5 = 0 THEN 1.083456789012 + n / 1e9 END,
       jsonb_build_object('street', 'Main Street ' || n % 200, 'city', 'Springfield'),
       CASE WHEN n % 11 = 0 THEN 'leave at the door' END,
       date '2025-01-01' + n % 365,
       timestamptz '2025-01-01 00:00:00+00' + n * interval '11.000457 seconds'
FROM generate_series(1, 50000) n
JOIN (SELECT id, row_number() OVER (ORDER BY email) AS r FROM customers) c ON c.r = 1 + n % 20000
JOIN products p1 ON p1.sku = 'SKU-' || lpad((1 + (n * 7 + 13) % 1000)::text, 6, '0')
JOIN products p2 ON p2.sku = 'SKU-' || lpad((1 + (n * 7 + 26) % 1000)::text, 6, '0')
ORDER BY n;
SELECT setval(pg_get_serial_sequence('orders', 'id'), 50000);

INSERT INTO order_items (order_id, line, sku, quantity, unit_price, discount)
SELECT n, line, p.sku, 1 + (n + line) % 4, p.price, ((n + line) % 10) / 20.0
FROM generate_series(1, 50000) n
CROSS JOIN generate_series(1, 2) line
JOIN products p ON p.sku = 'SKU-' || lpad((1 + (n * 7 + line * 13) % 1000)::text, 6, '0')
ORDER BY n, line;

INSERT INTO payments (order_id, method, amount, captured, attempts, paid_at)
SELECT id, (ARRAY['card','transfer','wallet'])[1 + id % 3], total, status <> 'placed',
       CASE WHEN id % 13 = 0 THEN ARRAY[402, 200] ELSE ARRAY[200] END,
       CASE WHEN status <> 'placed' THEN placed_at + interval '90 seconds' END
FROM orders;

RESET session_replication_role;

CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX payments_order ON payments (order_id);

-- A small sample tells the planner enough.
SET default_statistics_target = 10;
ANALYZE customers, products (sku), orders, order_items, payments;
RESET default_statistics_target;
