"""The patient process: a child that alone holds a voucher, its token and what 1101 says. No Qt, no store."""
