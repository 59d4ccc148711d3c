SELECT shop_event();
