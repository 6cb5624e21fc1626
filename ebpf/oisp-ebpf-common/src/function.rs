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
/// `long SSL_ctrl(SSL *, int, long, void *)`
pub const SSL_CTRL: u64 = 8;
/// `int SSL_set_tlsext_host_name(SSL *, const char *)`, in BoringSSL.
pub const SSL_SET_HOST_NAME: u64 = 9;

/// `ssize_t gnutls_record_recv(gnutls_session_t, void *, size_t)`
pub const GNUTLS_RECV: u64 = 32;
/// `ssize_t gnutls_record_recv_seq(gnutls_session_t, void *, size_t, unsigned char *)`
pub const GNUTLS_RECV_SEQ: u64 = 33;
/// `ssize_t gnutls_record_recv_early_data(gnutls_session_t, void *, size_t)`
pub const GNUTLS_RECV_EARLY: u64 = 34;
/// `ssize_t gnutls_record_recv_packet(gnutls_session_t, gnutls_packet_t *)`
pub const GNUTLS_RECV_PACKET: u64 = 35;
/// `ssize_t gnutls_record_send(gnutls_session_t, const void *, size_t)`
pub const GNUTLS_SEND: u64 = 36;
/// `ssize_t gnutls_record_send2(gnutls_session_t, const void *, size_t, size_t, unsigned)`
pub const GNUTLS_SEND2: u64 = 37;
/// `ssize_t gnutls_record_send_range(gnutls_session_t, const void *, size_t, const gnutls_range_st *)`
pub const GNUTLS_SEND_RANGE: u64 = 38;
/// `ssize_t gnutls_record_send_early_data(gnutls_session_t, const void *, size_t)`
pub const GNUTLS_SEND_EARLY: u64 = 39;
/// `int gnutls_record_uncork(gnutls_session_t, unsigned)`
pub const GNUTLS_UNCORK: u64 = 40;
/// `int gnutls_init(gnutls_session_t *, unsigned)`
pub const GNUTLS_INIT: u64 = 41;
/// `void gnutls_deinit(gnutls_session_t)`
pub const GNUTLS_DEINIT: u64 = 42;

/// `PRInt32 PR_Read(PRFileDesc *, void *, PRInt32)`
pub const PR_READ: u64 = 48;
/// `PRInt32 PR_Recv(PRFileDesc *, void *, PRInt32, PRIntn, PRIntervalTime)`
pub const PR_RECV: u64 = 49;
/// `PRInt32 PR_Write(PRFileDesc *, const void *, PRInt32)`
pub const PR_WRITE: u64 = 50;
/// `PRInt32 PR_Send(PRFileDesc *, const void *, PRInt32, PRIntn, PRIntervalTime)`
pub const PR_SEND: u64 = 51;
/// `PRInt32 PR_Writev(PRFileDesc *, const PRIOVec *, PRInt32, PRIntervalTime)`
pub const PR_WRITEV: u64 = 52;
/// `PRStatus PR_Close(PRFileDesc *)`
pub const PR_CLOSE: u64 = 53;
/// `PRFileDesc *SSL_ImportFD(PRFileDesc *, PRFileDesc *)`
pub const SSL_IMPORT_FD: u64 = 54;

/// A TLS library that exports its functions by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Library {
    /// OpenSSL 1.1 and 3, LibreSSL, and BoringSSL with symbols.
    OpenSsl,
    /// GnuTLS 3.
    GnuTls,
    /// NSPR: the reads and writes of NSS, and of whatever else.
    Nspr,
    /// NSS: which of NSPR's descriptors are TLS.
    Nss,
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

/// What a function does for a connection. A library that has functions that
/// read or write is probed where there is one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Gives plaintext to the program.
    Read,
    /// Takes plaintext from the program.
    Write,
    /// Begins or ends a connection, or tells of it.
    Life,
}

const fn of(
    library: Library,
    number: u64,
    symbol: &'static str,
    role: Role,
    entry: bool,
    exit: bool,
) -> Function {
    Function {
        number,
        symbol,
        library,
        role,
        entry,
        exit,
    }
}

const fn openssl(
    number: u64,
    symbol: &'static str,
    role: Role,
    entry: bool,
    exit: bool,
) -> Function {
    of(Library::OpenSsl, number, symbol, role, entry, exit)
}

/// A function whose call is probed at both ends.
const fn call(library: Library, number: u64, symbol: &'static str, role: Role) -> Function {
    of(library, number, symbol, role, true, true)
}

const fn gnutls(number: u64, symbol: &'static str, role: Role) -> Function {
    call(Library::GnuTls, number, symbol, role)
}

/// All functions that are found by their symbols.
pub const FUNCTIONS: [Function; 28] = [
    openssl(SSL_READ, "SSL_read", Role::Read, true, true),
    openssl(SSL_WRITE, "SSL_write", Role::Write, true, true),
    openssl(SSL_READ_EX, "SSL_read_ex", Role::Read, true, true),
    openssl(SSL_WRITE_EX, "SSL_write_ex", Role::Write, true, true),
    openssl(SSL_WRITE_EX2, "SSL_write_ex2", Role::Write, true, true),
    openssl(SSL_NEW, "SSL_new", Role::Life, false, true),
    openssl(SSL_FREE, "SSL_free", Role::Life, true, false),
    openssl(SSL_CLEAR, "SSL_clear", Role::Life, true, false),
    openssl(SSL_CTRL, "SSL_ctrl", Role::Life, true, false),
    openssl(
        SSL_SET_HOST_NAME,
        "SSL_set_tlsext_host_name",
        Role::Life,
        true,
        false,
    ),
    gnutls(GNUTLS_RECV, "gnutls_record_recv", Role::Read),
    gnutls(GNUTLS_RECV_SEQ, "gnutls_record_recv_seq", Role::Read),
    gnutls(
        GNUTLS_RECV_EARLY,
        "gnutls_record_recv_early_data",
        Role::Read,
    ),
    gnutls(GNUTLS_RECV_PACKET, "gnutls_record_recv_packet", Role::Read),
    gnutls(GNUTLS_SEND, "gnutls_record_send", Role::Write),
    gnutls(GNUTLS_SEND2, "gnutls_record_send2", Role::Write),
    gnutls(GNUTLS_SEND_RANGE, "gnutls_record_send_range", Role::Write),
    gnutls(
        GNUTLS_SEND_EARLY,
        "gnutls_record_send_early_data",
        Role::Write,
    ),
    gnutls(GNUTLS_UNCORK, "gnutls_record_uncork", Role::Life),
    gnutls(GNUTLS_INIT, "gnutls_init", Role::Life),
    of(
        Library::GnuTls,
        GNUTLS_DEINIT,
        "gnutls_deinit",
        Role::Life,
        true,
        false,
    ),
    call(Library::Nspr, PR_READ, "PR_Read", Role::Read),
    call(Library::Nspr, PR_RECV, "PR_Recv", Role::Read),
    call(Library::Nspr, PR_WRITE, "PR_Write", Role::Write),
    call(Library::Nspr, PR_SEND, "PR_Send", Role::Write),
    call(Library::Nspr, PR_WRITEV, "PR_Writev", Role::Write),
    of(Library::Nspr, PR_CLOSE, "PR_Close", Role::Life, true, false),
    of(
        Library::Nss,
        SSL_IMPORT_FD,
        "SSL_ImportFD",
        Role::Life,
        false,
        true,
    ),
];
