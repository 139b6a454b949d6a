//! The token of a sign-in, which only the browser keeps.

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::error::SignInsError;

/// Bytes of a token, all of them random.
const TOKEN_BYTES: usize = 32;
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
    fn what_is_derived_from_a_token_is_another_value() {
        let (one, other) = (SignInToken::fresh().expect("random"), SignInToken::fresh().expect("random"));
        assert_ne!(one.0, other.0);
        assert_ne!(one.for_forms(), other.for_forms());
        assert_ne!(one.hash(), one.0);
        let form = URL_SAFE_NO_PAD.decode(&*one.for_forms()).expect("base64url");
        assert!(form != one.0 && form != one.hash());
    }
}
