//! The probed functions by number. The number is the cookie of the probe: one
//! program serves all entries, and one all returns.

/// `int SSL_read(SSL *, void *, int)`
pub const SSL_READ: u64 = 0;
/// `int SSL_write(SSL *, const void *, int)`
pub const SSL_WRITE: u64 = 1;
/// `int SSL_read_ex(SSL *, void *, size_t, size_t *)`
pub const SSL_READ_EX: u64 = 2;
/// `int SSL_write_ex(SSL *, const void *, size_t, size_t *)`
pub const SSL_WRITE_EX: u64 = 3;
/// `int SSL_write_ex2(SSL *, const void *, size_t, uint64_t, size_t *)`
pub const SSL_WRITE_EX2: u64 = 4;
/// `SSL *SSL_new(SSL_CTX *)`
pub const SSL_NEW: u64 = 5;
/// `void SSL_free(SSL *)`
pub const SSL_FREE: u64 = 6;
/// `int SSL_clear(SSL *)`
pub const SSL_CLEAR: u64 = 7;

/// Symbol, and whether its entry and its return are probed, by number.
pub const FUNCTIONS: [(&str, bool, bool); 8] = [
    ("SSL_read", true, true),
    ("SSL_write", true, true),
    ("SSL_read_ex", true, true),
    ("SSL_write_ex", true, true),
    ("SSL_write_ex2", true, true),
    ("SSL_new", false, true),
    ("SSL_free", true, false),
    ("SSL_clear", true, false),
];
