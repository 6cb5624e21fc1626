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

/// A TLS library that exports its functions by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Library {
    /// OpenSSL 1.1 and 3, LibreSSL, and BoringSSL with symbols.
    OpenSsl,
}

/// A probed function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The number, which is the cookie.
    pub number: u64,
    /// Its symbol.
    pub symbol: &'static str,
    /// Whose it is.
    pub library: Library,
    /// What it does for the connection.
    pub role: Role,
    /// Its entry is probed.
    pub entry: bool,
    /// Its return is probed.
    pub exit: bool,
}

/// What a function does for a connection. A library without a function that
/// reads and one that writes is not probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Gives plaintext to the program.
    Read,
    /// Takes plaintext from the program.
    Write,
    /// Begins or ends a connection, or tells of it.
    Life,
}

const fn function(
    number: u64,
    symbol: &'static str,
    role: Role,
    entry: bool,
    exit: bool,
) -> Function {
    Function {
        number,
        symbol,
        library: Library::OpenSsl,
        role,
        entry,
        exit,
    }
}

/// All functions that are found by their symbols.
pub const FUNCTIONS: [Function; 8] = [
    function(SSL_READ, "SSL_read", Role::Read, true, true),
    function(SSL_WRITE, "SSL_write", Role::Write, true, true),
    function(SSL_READ_EX, "SSL_read_ex", Role::Read, true, true),
    function(SSL_WRITE_EX, "SSL_write_ex", Role::Write, true, true),
    function(SSL_WRITE_EX2, "SSL_write_ex2", Role::Write, true, true),
    function(SSL_NEW, "SSL_new", Role::Life, false, true),
    function(SSL_FREE, "SSL_free", Role::Life, true, false),
    function(SSL_CLEAR, "SSL_clear", Role::Life, true, false),
];
