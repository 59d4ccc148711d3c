-- What happens in the shop: SELECT shop_event() is one transaction, of a kind chosen by chance.
-- Rows are picked by SKIP LOCKED, so that sessions do not wait for each other; what is chosen by chance
-- stands in a subquery of its own, which is evaluated once and not for every row.

CREATE FUNCTION shop_random_order() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT id FROM orders
    WHERE id >= (SELECT 1 + floor(random() * last_value)::bigint FROM orders_id_seq)
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
$$;

CREATE FUNCTION shop_random_sku() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT 'SKU-' || lpad((1 + floor(random() * 1000))::int::text, 6, '0')
$$;

CREATE FUNCTION shop_random_customer() RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    found uuid;
BEGIN
    SELECT id INTO found FROM customers WHERE id >= (SELECT gen_random_uuid()) ORDER BY id LIMIT 1;
    IF found IS NULL THEN
        SELECT id INTO found FROM customers ORDER BY id LIMIT 1;
    END IF;
    RETURN found;
END $$;

-- An order with its items and its payment.
CREATE FUNCTION shop_place_order() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    placed bigint;
    owed numeric(14, 2) := 0;
    article products.sku%TYPE;
    cost products.price%TYPE;
    pieces int;
BEGIN
    INSERT INTO orders (customer_id, ship_to, note, deliver_by)
    VALUES (shop_random_customer(),
            jsonb_build_object('street', 'Elm Street ' || floor(random() * 300), 'city', 'Shelbyville'),
            CASE WHEN random() < 0.1 THEN 'ring twice — déjà vu' END,
            current_date + floor(random() * 30)::int)
    RETURNING id INTO placed;
    FOR line IN 1 .. 1 + floor(random() * 3)::int LOOP
        article := shop_random_sku();
        pieces := 1 + floor(random() * 3)::int;
        SELECT price INTO cost FROM products WHERE sku = article;
        INSERT INTO order_items (order_id, line, sku, quantity, unit_price, discount)
        VALUES (placed, line, article, pieces, cost, (random() * 0.2)::real);
        owed := owed + pieces * cost;
    END LOOP;
    UPDATE orders SET total = owed WHERE id = placed;
    INSERT INTO payments (order_id, method, amount) VALUES (placed, 'card', owed);
END $$;

CREATE FUNCTION shop_pay() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    paid bigint := shop_random_order();
BEGIN
    UPDATE payments SET captured = true, attempts = attempts || 200, paid_at = clock_timestamp()
    WHERE order_id = paid;
    UPDATE orders SET status = 'paid' WHERE id = paid;
    UPDATE customers c SET loyalty_points = loyalty_points + 1
    FROM orders o WHERE o.id = paid AND c.id = o.customer_id;
END $$;

CREATE FUNCTION shop_ship() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders SET status = 'shipped', shipped_at = clock_timestamp()
    WHERE id = (SELECT shop_random_order());
END $$;

-- The order and all that hangs on it goes away.
CREATE FUNCTION shop_cancel() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    cancelled bigint := shop_random_order();
BEGIN
    DELETE FROM payments WHERE order_id = cancelled;
    DELETE FROM order_items WHERE order_id = cancelled;
    DELETE FROM orders WHERE id = cancelled;
END $$;

-- The long description is not touched, so the log does not carry it.
CREATE FUNCTION shop_reprice() RETURNS void LANGUAGE sql AS $$
    UPDATE products SET price = round(price * (0.95 + random() * 0.1)::numeric, 2) + 0.01,
                        stock = stock - 1, updated_at = localtimestamp
    WHERE sku = (SELECT sku FROM products WHERE sku = (SELECT shop_random_sku()) FOR UPDATE SKIP LOCKED)
$$;

CREATE FUNCTION shop_redescribe() RETURNS void LANGUAGE sql AS $$
    UPDATE products SET description = shop_description(), updated_at = localtimestamp
    WHERE sku = (SELECT sku FROM products WHERE sku = (SELECT shop_random_sku()) FOR UPDATE SKIP LOCKED)
$$;

CREATE FUNCTION shop_register() RETURNS void LANGUAGE sql AS $$
    INSERT INTO customers (email, full_name, country, preferences, interests)
    VALUES (gen_random_uuid() || '@example.com', 'New Customer', 'AT', '{"theme": "dark"}',
            ARRAY['first', 'visit'])
$$;

-- A key moves: the last line of an order gets another number.
CREATE FUNCTION shop_renumber() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    moved bigint := shop_random_order();
BEGIN
    UPDATE order_items SET line = line + 10
    WHERE order_id = moved
      AND line = (SELECT max(line) FROM order_items WHERE order_id = moved)
      AND line < 1000;
END $$;

-- A key goes and comes back within one transaction.
CREATE FUNCTION shop_replace_payment() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    old payments%ROWTYPE;
    paid bigint := shop_random_order();
BEGIN
    DELETE FROM payments WHERE id = (SELECT id FROM payments WHERE order_id = paid LIMIT 1)
    RETURNING * INTO old;
    IF old.id IS NOT NULL THEN
        INSERT INTO payments (id, order_id, method, amount, captured, attempts, paid_at)
        VALUES (old.id, old.order_id, 'voucher', old.amount, old.captured, old.attempts,
                old.paid_at);
    END IF;
END $$;

CREATE FUNCTION shop_event() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    chance double precision := random();
BEGIN
    CASE
        WHEN chance < 0.40 THEN PERFORM shop_place_order();
        WHEN chance < 0.62 THEN PERFORM shop_pay();
        WHEN chance < 0.78 THEN PERFORM shop_ship();
        WHEN chance < 0.84 THEN PERFORM shop_cancel();
        WHEN chance < 0.91 THEN PERFORM shop_reprice();
        WHEN chance < 0.92 THEN PERFORM shop_redescribe();
        WHEN chance < 0.96 THEN PERFORM shop_register();
        WHEN chance < 0.98 THEN PERFORM shop_renumber();
        ELSE PERFORM shop_replace_payment();
    END CASE;
END $$;
