//! AES whose key length is known at run time only, so that a mode over it is compiled once and not for each length.
//!
//! *Invariant:* every block goes through the AES of the key's own length.

use aes_gcm::aes::cipher::consts::{U1, U4, U16};
use aes_gcm::aes::cipher::inout::{InOut, InOutBuf};
use aes_gcm::aes::cipher::{
    BlockCipherDecBackend, BlockCipherDecClosure, BlockCipherDecrypt, BlockCipherEncBackend, BlockCipherEncClosure,
    BlockCipherEncrypt, BlockSizeUser, KeyInit, ParBlocks, ParBlocksSizeUser,
};
use aes_gcm::aes::{Aes128, Aes192, Aes256, Block};

/// AES under one key. The expanded key is wiped on drop.
pub struct Aes(Length);

enum Length {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl Aes {
    /// `None` unless the key has 16, 24 or 32 bytes.
    // Inlined, so compiled for size by who calls it: once for each key, this is not what takes the time.
    #[inline]
    pub fn new(key: &[u8]) -> Option<Self> {
        Some(Self(match key.len() {
            16 => Length::Aes128(Aes128::new_from_slice(key).ok()?),
            24 => Length::Aes192(Aes192::new_from_slice(key).ok()?),
            _ => Length::Aes256(Aes256::new_from_slice(key).ok()?),
        }))
    }
}

impl BlockSizeUser for Aes {
    type BlockSize = U16;
}

impl BlockCipherEncrypt for Aes {
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = U16>) {
        match &self.0 {
            Length::Aes128(aes) => aes.encrypt_with_backend(Any(f)),
            Length::Aes192(aes) => aes.encrypt_with_backend(Any(f)),
            Length::Aes256(aes) => aes.encrypt_with_backend(Any(f)),
        }
    }
}

impl BlockCipherDecrypt for Aes {
    fn decrypt_with_backend(&self, f: impl BlockCipherDecClosure<BlockSize = U16>) {
        match &self.0 {
            Length::Aes128(aes) => aes.decrypt_with_backend(Any(f)),
            Length::Aes192(aes) => aes.decrypt_with_backend(Any(f)),
            Length::Aes256(aes) => aes.decrypt_with_backend(Any(f)),
        }
    }
}

/// Work for a backend, which sees all backends as one type.
struct Any<F>(F);

impl<F> BlockSizeUser for Any<F> {
    type BlockSize = U16;
}

impl<F: BlockCipherEncClosure<BlockSize = U16>> BlockCipherEncClosure for Any<F> {
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        encrypt(self.0, backend);
    }
}

impl<F: BlockCipherDecClosure<BlockSize = U16>> BlockCipherDecClosure for Any<F> {
    fn call<B: BlockCipherDecBackend<BlockSize = U16>>(self, backend: &B) {
        decrypt(self.0, backend);
    }
}

// Not inlined: the compiler would see through the one type and make a copy for each length after all.
#[inline(never)]
fn encrypt(work: impl BlockCipherEncClosure<BlockSize = U16>, backend: &dyn Encrypt) {
    work.call(&Encrypting(backend));
}

#[inline(never)]
fn decrypt(work: impl BlockCipherDecClosure<BlockSize = U16>, backend: &dyn Decrypt) {
    work.call(&Decrypting(backend));
}

/// What is asked of a backend that encrypts.
trait Encrypt {
    fn block(&self, block: InOut<'_, '_, Block>);
    fn blocks(&self, blocks: InOutBuf<'_, '_, Block>);
}

impl<B: BlockCipherEncBackend<BlockSize = U16>> Encrypt for B {
    fn block(&self, block: InOut<'_, '_, Block>) {
        self.encrypt_block(block);
    }

    fn blocks(&self, blocks: InOutBuf<'_, '_, Block>) {
        let (batches, rest) = blocks.into_chunks();
        for batch in batches {
            self.encrypt_par_blocks(batch);
        }
        self.encrypt_tail_blocks(rest);
    }
}

struct Encrypting<'a>(&'a dyn Encrypt);

impl BlockSizeUser for Encrypting<'_> {
    type BlockSize = U16;
}

impl ParBlocksSizeUser for Encrypting<'_> {
    /// As many as the portable AES takes at a time where words have 64 bits.
    type ParBlocksSize = U4;
}

impl BlockCipherEncBackend for Encrypting<'_> {
    fn encrypt_block(&self, block: InOut<'_, '_, Block>) {
        self.0.block(block);
    }

    fn encrypt_par_blocks(&self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.0.blocks(blocks.into_buf());
    }
}

/// What is asked of a backend that decrypts: key wrapping takes one block after the other.
trait Decrypt {
    fn block(&self, block: InOut<'_, '_, Block>);
}

impl<B: BlockCipherDecBackend<BlockSize = U16>> Decrypt for B {
    fn block(&self, block: InOut<'_, '_, Block>) {
        self.decrypt_block(block);
    }
}

struct Decrypting<'a>(&'a dyn Decrypt);

impl BlockSizeUser for Decrypting<'_> {
    type BlockSize = U16;
}

impl ParBlocksSizeUser for Decrypting<'_> {
    type ParBlocksSize = U1;
}

impl BlockCipherDecBackend for Decrypting<'_> {
    fn decrypt_block(&self, block: InOut<'_, '_, Block>) {
        self.0.block(block);
    }
}
