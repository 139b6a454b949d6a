//! The token of a sign-in, which only the browser keeps.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    digest::{SHA256, digest},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::error::SignInsError;

/// Bytes of a token, all of them random.
const TOKEN_BYTES: usize = 32;
/// Separates the key of drafts from any other value that is made from the same token.
const DRAFTS: &[u8] = b"frontdoor sign-in draft";
/// Separates the token of forms from any other value that is made from the same token.
const FORMS: &[u8] = b"frontdoor sign-in form";

/// The token in the cookie. It has no `Debug`, because it is a secret.
pub struct SignInToken([u8; TOKEN_BYTES]);

impl SignInToken {
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn fresh() -> Result<SignInToken, SignInsError> {
        let mut bytes = [0; TOKEN_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| SignInsError::Unmade("there is no randomness"))?;
        Ok(SignInToken(bytes))
    }

    /// Parses a cookie's value; `None` if it is not a token. A token has one spelling only.
    pub fn parse(text: &[u8]) -> Option<SignInToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(SignInToken(bytes.try_into().ok()?))
    }

    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The key of the stored row. A copy of the database has no cookie in it, because the token cannot be computed from
    /// this.
    pub fn hash(&self) -> Vec<u8> {
        digest(&SHA256, &self.0).as_ref().to_vec()
    }

    /// The token of this sign-in's forms. The cookie cannot be computed from it, so a page may contain it.
    pub fn for_forms(&self) -> Box<str> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, FORMS)).into()
    }
}

/// Seals and opens the drafts of one sign-in, with a key that is made from its token: without the cookie, the database's
/// copy of a draft cannot be read.
pub struct DraftKey(RandomizedNonceKey);

impl SignInToken {
    /// # Errors
    /// If the key is refused, which is a bug.
    pub fn for_drafts(&self) -> Result<DraftKey, SignInsError> {
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), DRAFTS);
        let key = RandomizedNonceKey::new(&AES_256_GCM, key.as_ref());
        Ok(DraftKey(key.map_err(|_| SignInsError::Unmade("the key of drafts is refused"))?))
    }
}

impl DraftKey {
    /// The nonce, and the text sealed with the draft's name.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn seal(&self, name: &str, text: &str) -> Result<Vec<u8>, SignInsError> {
        let mut sealed = text.as_bytes().to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut sealed);
        let nonce = nonce.map_err(|_| SignInsError::Unmade("a draft could not be sealed"))?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// `None` for a draft of another sign-in or name, and for a damaged one.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Option<String> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.0.open_in_place(nonce, Aad::from(name.as_bytes()), &mut text).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_spelling() {
        let token = SignInToken([0; TOKEN_BYTES]);
        let text = token.text();
        assert!(text.len() == 43 && SignInToken::parse(text.as_bytes()).is_some_and(|read| read.0 == token.0));
        // The last character has two bits that belong to no byte.
        let other = format!("{}B", &text[..42]);
        for wrong in ["", "AAAA", &text[..42], &format!("{text}A"), &format!("{text}="), &format!("\"{text}\""), &other]
        {
            assert!(SignInToken::parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_draft_is_read_with_its_own_token_and_name_only() {
        let token = SignInToken::fresh().expect("random");
        let key = token.for_drafts().expect("a key");
        let sealed = key.seal("booking", "a sore knee").expect("sealed");
        assert!(!sealed.windows(4).any(|bytes| bytes == b"knee"));
        assert_eq!(key.open("booking", &sealed).as_deref(), Some("a sore knee"));
        assert_eq!(key.open("donation", &sealed), None);
        let other = SignInToken::fresh().expect("random").for_drafts().expect("a key");
        assert_eq!(other.open("booking", &sealed), None);
        for damaged in [&sealed[..sealed.len() - 1], &sealed[..NONCE_LEN], &[]] {
            assert_eq!(key.open("booking", damaged), None);
        }
        assert_ne!(key.seal("booking", "a sore knee").expect("sealed"), sealed, "each has its own nonce");
    }

    #[test]
    fn what_is_derived_from_a_token_is_another_value() {
        let (one, other) = (SignInToken::fresh().expect("random"), SignInToken::fresh().expect("random"));
        assert_ne!(one.0, other.0);
        assert_ne!(one.for_forms(), other.for_forms());
        assert_ne!(one.hash(), one.0);
        let form = URL_SAFE_NO_PAD.decode(&*one.for_forms()).expect("base64url");
        assert!(form != one.0 && form != one.hash());
    }
}
