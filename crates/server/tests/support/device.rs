//! A device that has a passkey: it makes keys, attests to nothing and signs, as Web Authentication (level 3) has it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

#[derive(Clone)]
pub struct Device {
    /// The page that asks it.
    pub origin: String,
    /// Whether it asks the person for finger or code.
    pub verifies: bool,
    /// Whether it counts how often it was used.
    pub counts: bool,
    pub breaks_signatures: bool,
    pub id: Vec<u8>,
    pub key: SigningKey,
    user: String,
    counter: u32,
}

impl Default for Device {
    fn default() -> Self {
        let random = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
        let random: Vec<u8> = random.iter().flat_map(|id| *id.as_bytes()).collect();
        Self {
            origin: "https://kandeng.example".to_owned(),
            verifies: true,
            counts: false,
            breaks_signatures: false,
            id: Sha256::digest(&random).to_vec(),
            key: SigningKey::from_slice(&random).unwrap(),
            user: String::new(),
            counter: 0,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Device {
    /// `navigator.credentials.create`, as `toJSON` gives it.
    pub fn create(&mut self, options: &Value) -> Value {
        options["user"]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.user);
        let party = options["rp"]["id"].as_str().unwrap();
        let mut data = self.data(party, 0x40);
        data.extend([0; 16]);
        data.extend((self.id.len() as u16).to_be_bytes());
        data.extend(&self.id);
        // A COSE key (RFC 9053): EC2, ES256, P-256, x, y.
        let point = self.key.verifying_key().to_sec1_point(false);
        data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]);
        data.extend(&point.as_bytes()[1..33]);
        data.extend([0x22, 0x58, 32]);
        data.extend(&point.as_bytes()[33..65]);
        let mut attestation = vec![0xa3, 0x63];
        attestation.extend(b"fmt");
        attestation.push(0x64);
        attestation.extend(b"none");
        attestation.push(0x67);
        attestation.extend(b"attStmt");
        attestation.extend([0xa0, 0x68]);
        attestation.extend(b"authData");
        attestation.push(0x58);
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(&data);
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": text(&attestation),
                "clientDataJSON": text(&self.client("webauthn.create", options)),
                "transports": ["internal"],
            },
        })
    }

    /// `navigator.credentials.get`, as `toJSON` gives it.
    pub fn get(&mut self, options: &Value) -> Value {
        if self.counts {
            self.counter += 1;
        }
        let data = self.data(options["rpId"].as_str().unwrap(), 0);
        let client = self.client("webauthn.get", options);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client));
        if self.breaks_signatures {
            signed.push(0);
        }
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "authenticatorData": text(&data),
                "clientDataJSON": text(&client),
                "signature": text(signature.to_der().as_bytes()),
                "userHandle": self.user,
            },
        })
    }

    fn data(&self, party: &str, more: u8) -> Vec<u8> {
        let verified = if self.verifies { 0x04 } else { 0 };
        let mut data = Sha256::digest(party.as_bytes()).to_vec();
        data.push(0x01 | verified | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        })
        .to_string()
        .into_bytes()
    }
}
