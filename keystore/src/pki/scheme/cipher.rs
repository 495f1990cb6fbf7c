use std::fmt;

use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, InnerIvInit as _, KeyInit, KeyIvInit as _};
use rc4::StreamCipher as _;
use zeroize::Zeroizing;

/// What encrypts. All block ciphers are in CBC mode with the padding of PKCS#7.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    Des,
    /// Two keys, the first of which is the third again.
    TripleDes2,
    TripleDes3,
    Rc2 {
        key_length: usize,
        /// How much of the key counts (RFC 2268 section 2).
        effective_bits: usize,
    },
    Rc4 {
        key_length: usize,
    },
}

impl Cipher {
    /// By its name in the `DEK-Info` of traditional PEM.
    pub(super) fn by_pem_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "AES-128-CBC" => Self::Aes128,
            "AES-192-CBC" => Self::Aes192,
            "AES-256-CBC" => Self::Aes256,
            "DES-CBC" => Self::Des,
            "DES-EDE-CBC" => Self::TripleDes2,
            "DES-EDE3-CBC" => Self::TripleDes3,
            "RC2-CBC" => Self::Rc2 { key_length: 16, effective_bits: 128 },
            "RC2-64-CBC" => Self::Rc2 { key_length: 8, effective_bits: 64 },
            "RC2-40-CBC" => Self::Rc2 { key_length: 5, effective_bits: 40 },
            _ => return None,
        })
    }

    pub(super) fn is_aes(self) -> bool {
        matches!(self, Self::Aes128 | Self::Aes192 | Self::Aes256)
    }

    pub(super) fn key_length(self) -> usize {
        match self {
            Self::Aes128 | Self::TripleDes2 => 16,
            Self::Aes192 | Self::TripleDes3 => 24,
            Self::Aes256 => 32,
            Self::Des => 8,
            Self::Rc2 { key_length, .. } | Self::Rc4 { key_length } => key_length,
        }
    }

    /// One for a stream.
    pub(super) fn block_length(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            Self::Des | Self::TripleDes2 | Self::TripleDes3 | Self::Rc2 { .. } => 8,
            Self::Rc4 { .. } => 1,
        }
    }

    /// None for a stream.
    pub(super) fn iv_length(self) -> usize {
        if matches!(self, Self::Rc4 { .. }) { 0 } else { self.block_length() }
    }

    /// Decrypts; `None` when the padding is wrong.
    pub(super) fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Aes128 => cbc::<aes::Aes128Dec>(key, iv, data),
            Self::Aes192 => cbc::<aes::Aes192Dec>(key, iv, data),
            Self::Aes256 => cbc::<aes::Aes256Dec>(key, iv, data),
            Self::Des => cbc::<des::Des>(key, iv, data),
            Self::TripleDes2 => cbc::<des::TdesEde2>(key, iv, data),
            Self::TripleDes3 => cbc::<des::TdesEde3>(key, iv, data),
            Self::Rc2 { effective_bits, .. } => {
                let cipher = rc2::Rc2::new_with_eff_key_len(key, effective_bits);
                unpad(Decryptor::inner_iv_slice_init(cipher, iv).ok()?, data)
            }
            Self::Rc4 { .. } => {
                let mut buffer = Zeroizing::new(data.to_vec());
                rc4::Rc4::new_from_slice(key).ok()?.try_apply_keystream(&mut buffer).ok()?;
                Some(buffer)
            }
        }
    }
}

fn cbc<C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    unpad(Decryptor::<C>::new_from_slices(key, iv).ok()?, data)
}

fn unpad<C: BlockCipherDecrypt>(cipher: Decryptor<C>, data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(data.to_vec());
    let length = cipher.decrypt_padded::<Pkcs7>(&mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aes128 => f.write_str("AES-128-CBC"),
            Self::Aes192 => f.write_str("AES-192-CBC"),
            Self::Aes256 => f.write_str("AES-256-CBC"),
            Self::Des => f.write_str("DES-CBC"),
            Self::TripleDes2 => f.write_str("DES-EDE-CBC"),
            Self::TripleDes3 => f.write_str("DES-EDE3-CBC"),
            Self::Rc2 { effective_bits, .. } => write!(f, "RC2-{effective_bits}-CBC"),
            Self::Rc4 { key_length } => write!(f, "RC4-{}", key_length * 8),
        }
    }
}
