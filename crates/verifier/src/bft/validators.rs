//! Validator sets, and the arithmetic of quorums.

use causeway_protocol::{Address, DecodeError, Reader, Writer};

use super::{MAX_VALIDATORS, PublicKey, SetFault};

/// One member of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validator {
    /// Its address.
    pub address: Address,
    /// Its public key, once a seal has shown it.
    pub key: Option<PublicKey>,
}

/// The validators of one height: 1 to 128, ascending by address, none twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatorSet(Vec<Validator>);

/// The quorum of `n` validators: ceil(2n/3). Two quorums share more than a third of the set.
pub fn quorum(n: usize) -> usize {
    (2 * n).div_ceil(3)
}

/// What a chain configured for 2F+1 collects, F = ceil(n/3) − 1: fewer than [`quorum`] unless n is a multiple of 3, plus 1, or
/// happens to round to it.
pub fn two_f_plus_one(n: usize) -> usize {
    2 * n.div_ceil(3).saturating_sub(1) + 1
}

/// Whether `part` is strictly more than a third of `whole`: then at least one of them is honest, as long as fewer than a third
/// are not. Never rounded: 1 of 4 is not more than a third.
pub fn more_than_a_third(part: usize, whole: usize) -> bool {
    3 * part > whole
}

impl ValidatorSet {
    /// A set of addresses in any order, as headers and contracts list them.
    pub fn from_addresses(mut addresses: Vec<Address>) -> Result<Self, SetFault> {
        addresses.sort_unstable();
        Self::new(addresses.into_iter().map(|address| Validator { address, key: None }).collect())
    }

    fn new(validators: Vec<Validator>) -> Result<Self, SetFault> {
        if validators.is_empty() {
            return Err(SetFault::Empty);
        }
        if validators.len() > MAX_VALIDATORS {
            return Err(SetFault::TooMany(validators.len() as u64));
        }
        if validators[0].address == Address::ZERO {
            return Err(SetFault::ZeroAddress);
        }
        match validators.windows(2).find(|pair| pair[0].address >= pair[1].address) {
            Some(pair) => Err(SetFault::Twice(pair[1].address)),
            None => Ok(Self(validators)),
        }
    }

    /// How many there are.
    #[allow(clippy::len_without_is_empty, reason = "a set is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many of them have to seal a header.
    pub fn quorum(&self) -> usize {
        quorum(self.0.len())
    }

    /// The validator at `index`.
    pub fn get(&self, index: u8) -> Option<&Validator> {
        self.0.get(usize::from(index))
    }

    /// Everybody, ascending.
    pub fn addresses(&self) -> impl Iterator<Item = Address> + '_ {
        self.0.iter().map(|validator| validator.address)
    }

    /// Whether `address` belongs to the set.
    pub fn contains(&self, address: Address) -> bool {
        self.0.binary_search_by_key(&address, |validator| validator.address).is_ok()
    }

    /// Whether `listed`, in any order, names exactly this set.
    pub fn is(&self, listed: &[Address]) -> bool {
        self.addresses().eq(listed.iter().copied())
            || (listed.len() == self.len() && {
                let mut sorted = listed.to_vec();
                sorted.sort_unstable();
                self.addresses().eq(sorted)
            })
    }

    /// How many addresses `next` adds and removes.
    pub fn changes(&self, next: &Self) -> (usize, usize) {
        let added = next.addresses().filter(|address| !self.contains(*address)).count();
        let removed = self.addresses().filter(|address| !next.contains(*address)).count();
        (added, removed)
    }

    /// Takes over the keys that `other` knows of common members.
    pub fn with_keys_of(mut self, other: &Self) -> Self {
        for validator in &mut self.0 {
            let known = other.0.binary_search_by_key(&validator.address, |known| known.address);
            if let (None, Ok(place)) = (validator.key, known) {
                validator.key = other.0[place].key;
            }
        }
        self
    }

    /// Remembers the key of the validator at `index`.
    pub(super) fn learn(&mut self, index: u8, key: PublicKey) {
        if let Some(validator) = self.0.get_mut(usize::from(index)) {
            validator.key = Some(key);
        }
    }

    pub(super) fn encode(&self) -> Writer {
        Writer::new().each(&self.0, |list, validator| {
            let key: &[u8] = validator.key.as_ref().map_or(&[], |key| key);
            list.list(&Writer::new().bytes(&validator.address.0).bytes(key))
        })
    }

    pub(super) fn decode(items: Reader<'_>) -> Result<Result<Self, SetFault>, DecodeError> {
        let validators = items.each("validators", MAX_VALIDATORS, |list| {
            let mut item = list.list("validator")?;
            let address = Address(item.array("validator address")?);
            let key = item.bytes("validator key")?;
            let known = PublicKey::try_from(key).ok();
            if known.is_none() && !key.is_empty() {
                return Err(DecodeError::Length { what: "validator key", expected: 64, came: key.len() });
            }
            item.end("validator")?;
            Ok(Validator { address, key: known })
        })?;
        Ok(Self::new(validators))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(numbers: &[u8]) -> ValidatorSet {
        ValidatorSet::from_addresses(numbers.iter().map(|n| Address([*n; 20])).collect()).unwrap()
    }

    #[test]
    fn case_2_quorums_of_every_size_share_more_than_a_third() {
        for n in 1..=200usize {
            let q = quorum(n);
            assert!(3 * q >= 2 * n && 3 * (q - 1) < 2 * n, "the least that is two thirds of {n}");
            let shared = 2 * q - n;
            assert!(3 * shared >= n, "two quorums of {n} share {shared}");
            let faulty = n.div_ceil(3) - 1;
            assert!(shared > faulty, "more than can be bad");
            assert!(q <= n - faulty, "the honest of {n} are enough");
        }
    }

    #[test]
    fn case_2_no_set_is_empty_and_none_has_a_member_twice() {
        assert_eq!(ValidatorSet::from_addresses(Vec::new()), Err(SetFault::Empty));
        let twice = vec![Address([1; 20]), Address([2; 20]), Address([1; 20])];
        assert_eq!(ValidatorSet::from_addresses(twice), Err(SetFault::Twice(Address([1; 20]))));
        assert_eq!(ValidatorSet::from_addresses(vec![Address::ZERO]), Err(SetFault::ZeroAddress));
        let many = (1..=129u8).map(|n| Address([n; 20])).collect();
        assert_eq!(ValidatorSet::from_addresses(many), Err(SetFault::TooMany(129)));
        assert_eq!(set(&[9]).quorum(), 1);
    }

    #[test]
    fn two_f_plus_one_falls_short_of_a_quorum_where_the_design_says_so() {
        let short: Vec<usize> = (1..=12).filter(|n| two_f_plus_one(*n) < quorum(*n)).collect();
        assert_eq!(short, [2, 3, 5, 6, 8, 9, 11, 12]);
    }

    #[test]
    fn case_16_an_overlap_of_f_is_too_little_and_of_f_plus_one_enough() {
        for n in 1..=200usize {
            let faulty = n.div_ceil(3) - 1;
            assert!(!more_than_a_third(faulty, n), "{faulty} of {n}");
            assert!(more_than_a_third(faulty + 1, n) || n % 3 == 0, "{} of {n}", faulty + 1);
            assert!(more_than_a_third(n / 3 + 1, n));
        }
    }

    #[test]
    fn a_quorum_after_one_change_always_overlaps_enough() {
        for n in 1..=200usize {
            let after_joining = quorum(n + 1) - 1;
            assert!(more_than_a_third(after_joining, n), "one joins {n}");
            assert!(n == 1 || more_than_a_third(quorum(n - 1), n), "one leaves {n}");
        }
    }

    #[test]
    fn keys_stay_with_their_addresses_when_the_set_changes() {
        let mut old = set(&[1, 2, 3]);
        old.learn(1, [7; 64]);
        let new = set(&[2, 3, 4]).with_keys_of(&old);
        assert_eq!(new.get(0).unwrap().key, Some([7; 64]));
        assert_eq!(old.changes(&new), (1, 1));
        assert!(new.is(&[Address([4; 20]), Address([2; 20]), Address([3; 20])]));
        assert!(!new.is(&[Address([4; 20]), Address([2; 20])]));
    }
}
