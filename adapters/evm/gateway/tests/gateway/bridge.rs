//! The token bridge: escrow and voucher, there and back, around, and when something fails.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolError};
use causeway_evm_gateway::{TokenBridge, Voucher};
use causeway_protocol::AttestationKind::Refuse;
use causeway_protocol::GatewayId;

use crate::harness::{Bank, Sent, account, alice, bob, path, payload};

fn banks() -> (Bank, Bank) {
    (Bank::new(1), Bank::new(2))
}

/// One transfer from alice on `from` to bob on `to`, all the way to its settlement.
fn transfer(from: &mut Bank, to: &mut Bank, token: Address, amount: u64) -> Address {
    let sent = from.send(alice(), to, token, amount);
    assert_eq!(to.deliver(&sent), (true, Bytes::new()));
    from.island.settle(&sent, true, &[]).ok().event::<TokenBridge::Completed>();
    to.voucher(from, token.as_slice())
}

#[test]
fn tokens_go_there_as_vouchers_and_come_back() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    let voucher = transfer(&mut home, &mut abroad, token, 100);
    assert_eq!(home.balance(token, alice()), 999_900);
    assert_eq!((home.balance(token, home.bridge), home.held(token)), (100, 100));
    assert_eq!(home.escrow(abroad.island.id, abroad.bridge, token), 100);
    assert_eq!(abroad.balance(voucher, bob()), 100);
    assert_eq!(abroad.path_of(voucher), path(&home, token.as_slice()));

    let back = abroad.send(bob(), &home, voucher, 40);
    assert_eq!(abroad.balance(voucher, bob()), 60);
    assert_eq!(home.deliver(&back), (true, Bytes::new()));
    abroad.island.settle(&back, true, &[]).ok().event::<TokenBridge::Completed>();
    assert_eq!((home.balance(token, bob()), home.held(token)), (40, 60));
    assert_eq!(home.escrow(abroad.island.id, abroad.bridge, token), 60);
    assert_eq!(abroad.island.chain.view(voucher, Voucher::totalSupplyCall {}), U256::from(60));
}

#[test]
fn a_voucher_that_travels_on_is_named_by_its_whole_path_and_finds_home_the_same_way() {
    let (mut a, mut b) = banks();
    let mut c = Bank::new(3);
    let token = a.token;
    let at_b = transfer(&mut a, &mut b, token, 100);
    b.approve(bob(), at_b);
    let on = b.send(bob(), &c, at_b, 70);
    assert!(c.deliver(&on).0);
    b.island.settle(&on, true, &[]).ok();
    let inner = path(&a, token.as_slice());
    let at_c = c.voucher(&b, &inner);
    assert_eq!(c.path_of(at_c), path(&b, &inner));
    assert_eq!((c.balance(at_c, bob()), b.held(at_b)), (70, 70));

    // Straight home from C is another way: A never gave anything to C.
    c.approve(bob(), at_c);
    let straight = c.send(bob(), &a, at_c, 10);
    assert!(a.deliver(&straight).0);
    assert_eq!(a.balance(token, bob()), 0);

    let back = c.send(bob(), &b, at_c, 60);
    assert!(b.deliver(&back).0);
    assert_eq!((b.balance(at_b, bob()), b.held(at_b)), (90, 10));
    let home = b.send(bob(), &a, at_b, 90);
    assert!(a.deliver(&home).0);
    assert_eq!((a.balance(token, bob()), a.held(token)), (90, 10));
}

#[test]
fn what_expires_or_is_refused_there_is_refunded() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    let expired = home.send(alice(), &abroad, token, 100);
    abroad.island.expire(&expired, Refuse).ok();
    let refunded = home.island.refund(&expired).ok().event::<TokenBridge::Refunded>();
    assert_eq!((refunded.from, refunded.amount), (alice(), U256::from(100)));

    // Nobody can be paid at an address of 19 bytes.
    let call = TokenBridge::sendCall { to: vec![1; 19].into(), ..home.sending(&abroad, token, 100) };
    let receipt = home.call(alice(), home.bridge, call).ok();
    let failed = Sent::all(&receipt).remove(0);
    let (success, reason) = abroad.deliver(&failed);
    assert_eq!((success, reason.to_vec()), (false, TokenBridge::BadRecipient {}.abi_encode()));
    home.island.settle(&failed, false, &reason).ok().event::<TokenBridge::Refunded>();

    assert_eq!((home.balance(token, alice()), home.held(token)), (1_000_000, 0));
    assert_eq!(home.escrow(abroad.island.id, abroad.bridge, token), 0);
    for sent in [expired, failed] {
        let call = TokenBridge::transfersCall { id: sent.id().0.into() };
        assert_eq!(home.island.chain.view(home.bridge, call).amount, U256::ZERO, "nothing is left to undo");
    }
}

#[test]
fn a_voucher_that_did_not_get_home_is_made_again() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    let voucher = transfer(&mut home, &mut abroad, token, 100);
    let back = abroad.send(bob(), &home, voucher, 100);
    home.island.expire(&back, Refuse).ok();
    abroad.island.refund(&back).ok().event::<TokenBridge::Refunded>();
    assert_eq!(abroad.balance(voucher, bob()), 100);
    assert_eq!(home.escrow(abroad.island.id, abroad.bridge, token), 100);
}

#[test]
fn a_remote_gets_no_more_than_went_to_it() {
    let (mut home, mut abroad) = banks();
    let mut third = Bank::new(3);
    let token = home.token;
    transfer(&mut home, &mut abroad, token, 100);
    transfer(&mut home, &mut third, token, 50);
    let theirs = home.escrow(third.island.id, third.bridge, token);

    // The island makes up a return of more than it was given, and one in the name of another application.
    for (amount, sender) in [(101u64, third.bridge.to_vec()), (1, account(9).to_vec())] {
        let mut forged = third.send_forged(&home, token, amount);
        forged.packet.sender = sender;
        let (success, reason) = home.deliver(&forged);
        let escrow = if amount == 1 { 0 } else { theirs };
        let expected = TokenBridge::EscrowTooSmall { escrow: U256::from(escrow), needed: U256::from(amount) };
        assert_eq!((success, reason.to_vec()), (false, expected.abi_encode()));
    }
    assert_eq!(home.held(token), 150);
    assert_eq!(home.escrow(abroad.island.id, abroad.bridge, token), 100);
}

#[test]
fn case_26_a_refund_that_a_forger_has_spent_becomes_a_claim_and_the_packet_ends() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    let sent = home.send(alice(), &abroad, token, 100);
    let forged = abroad.send_forged(&home, token, 100);
    assert!(home.deliver(&forged).0);
    assert_eq!((home.balance(token, bob()), home.held(token)), (100, 0));

    abroad.island.expire(&sent, Refuse).ok();
    home.island.refund(&sent).ok();
    assert_eq!(home.claim_of(&sent), Some((alice(), 100, false)));
    home.claim(alice(), &sent, alice())
        .reverted_with(TokenBridge::EscrowTooSmall { escrow: U256::ZERO, needed: U256::from(100) });

    // It is paid from what goes to the same remote later, and from nothing else.
    let mut third = Bank::new(3);
    transfer(&mut home, &mut third, token, 100);
    assert!(!home.claim(alice(), &sent, alice()).success);
    transfer(&mut home, &mut abroad, token, 100);
    home.claim(bob(), &sent, alice()).ok();
    assert_eq!(home.claim_of(&sent), None);
    assert_eq!(home.held(token), 100);
    home.claim(alice(), &sent, alice()).reverted_with(TokenBridge::NoClaim { id: sent.id().0.into() });
}

#[test]
fn case_26_however_much_a_forger_makes_of_its_vouchers_a_refund_can_make_its_own_again() {
    let (mut forger, mut honest) = banks();
    let token = forger.token;
    let voucher = transfer(&mut forger, &mut honest, token, 100);
    let back = honest.send(bob(), &forger, voucher, 60);
    assert_eq!(honest.returning(voucher), U256::from(60));

    // 40 are there and 60 on their way: one more than the rest does not fit, the rest does.
    let room = U256::MAX - U256::from(100);
    let make = |forger: &mut Bank, honest: &mut Bank, amount| {
        let sent = forger.forge(honest, payload(0, token.as_slice(), account(6).as_slice(), amount));
        honest.deliver(&sent)
    };
    for amount in [U256::MAX, room + U256::ONE] {
        let (success, reason) = make(&mut forger, &mut honest, amount);
        assert_eq!(
            (success, reason.to_vec()),
            (false, Voucher::SupplyTooLarge { room, amount }.abi_encode())
        );
    }
    assert!(make(&mut forger, &mut honest, room).0);

    forger.island.expire(&back, Refuse).ok();
    let refunded = honest.island.refund(&back).ok().event::<TokenBridge::Refunded>();
    assert_eq!((refunded.from, refunded.amount), (bob(), U256::from(60)));
    assert_eq!((honest.balance(voucher, bob()), honest.returning(voucher)), (100, U256::ZERO));
    assert_eq!(honest.island.chain.view(voucher, Voucher::totalSupplyCall {}), U256::MAX);

    // What has arrived keeps no room any more.
    let back = honest.send(bob(), &forger, voucher, 30);
    let (full, one) = (U256::ZERO, U256::ONE);
    let refusal = Voucher::SupplyTooLarge { room: full, amount: one }.abi_encode();
    assert_eq!(make(&mut forger, &mut honest, one), (false, refusal.into()));
    assert!(forger.deliver(&back).0);
    honest.island.settle(&back, true, &[]).ok().event::<TokenBridge::Completed>();
    assert_eq!(honest.returning(voucher), U256::ZERO);
    assert!(make(&mut forger, &mut honest, U256::from(30)).0);
}

#[test]
fn a_pay_out_that_fails_becomes_claimable() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    let voucher = transfer(&mut home, &mut abroad, token, 100);
    let back = abroad.send(bob(), &home, voucher, 60);
    let out = home.send(alice(), &abroad, token, 30);

    home.habit(FROZEN);
    assert_eq!(home.deliver(&back), (true, Bytes::new()));
    abroad.island.expire(&out, Refuse).ok();
    home.island.refund(&out).ok();
    assert_eq!(home.claim_of(&back), Some((bob(), 60, true)));
    assert_eq!(home.claim_of(&out), Some((alice(), 30, true)));
    // It is kept for them: the remote cannot have it again.
    assert_eq!((home.held(token), home.escrow(abroad.island.id, abroad.bridge, token)), (130, 40));
    assert!(!home.claim(bob(), &back, bob()).success);

    home.habit(NONE);
    home.claim(alice(), &back, alice()).reverted_with(TokenBridge::NotBeneficiary {});
    let elsewhere = account(0xcc);
    let claimed = home.claim(bob(), &back, elsewhere).ok().event::<TokenBridge::Claimed>();
    assert_eq!((claimed.payee, claimed.amount), (elsewhere, U256::from(60)));
    assert_eq!(home.balance(token, elsewhere), 60);
    home.claim(bob(), &out, alice()).ok();
    assert_eq!((home.held(token), home.balance(token, home.bridge)), (40, 40));
}

const NONE: u8 = 0;
const FEE: u8 = 1;
const GREEDY: u8 = 2;
const FROZEN: u8 = 3;
const FALSE: u8 = 4;
const SILENT: u8 = 5;
const LIAR: u8 = 6;
const HOOK: u8 = 7;

#[test]
fn a_token_with_a_fee_is_counted_by_what_arrived() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    home.habit(FEE);
    let voucher = transfer(&mut home, &mut abroad, token, 100);
    assert_eq!((home.held(token), home.balance(token, home.bridge)), (90, 90));
    assert_eq!(abroad.balance(voucher, bob()), 90);
}

#[test]
fn a_token_that_returns_nothing_is_fine() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    home.habit(SILENT);
    let voucher = transfer(&mut home, &mut abroad, token, 100);
    let back = abroad.send(bob(), &home, voucher, 100);
    assert!(home.deliver(&back).0);
    assert_eq!((home.balance(token, bob()), home.claim_of(&back)), (100, None));
}

#[test]
fn tokens_that_refuse_lie_or_do_not_exist_are_not_taken() {
    let (mut home, abroad) = banks();
    let token = home.token;
    for habit in [FROZEN, FALSE] {
        home.habit(habit);
        let call = home.sending(&abroad, token, 100);
        home.call(alice(), home.bridge, call).reverted_with(TokenBridge::TokenCallFailed {});
    }
    home.habit(LIAR);
    let call = home.sending(&abroad, token, 100);
    home.call(alice(), home.bridge, call).reverted_with(TokenBridge::NothingReceived {});
    let call = home.sending(&abroad, account(0x99), 100);
    home.call(alice(), home.bridge, call).reverted_with(TokenBridge::TokenCallFailed {});
    home.habit(NONE);
    let call = home.sending(&abroad, token, 0);
    home.call(alice(), home.bridge, call).reverted_with(TokenBridge::NothingReceived {});
}

#[test]
fn a_token_that_takes_more_than_it_is_told_is_not_paid_out() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    let voucher = transfer(&mut home, &mut abroad, token, 100);
    let back = abroad.send(bob(), &home, voucher, 60);
    home.habit(GREEDY);
    assert!(home.deliver(&back).0);
    assert_eq!(home.claim_of(&back), Some((bob(), 60, true)));
    assert_eq!((home.held(token), home.balance(token, home.bridge)), (100, 100));
    home.claim(bob(), &back, bob()).reverted_with(TokenBridge::TokenCallFailed {});
    // With more in the bridge it could pay, and would leave too little for the others.
    home.habit(NONE);
    transfer(&mut home, &mut abroad, token, 100);
    home.habit(GREEDY);
    home.claim(bob(), &back, bob()).reverted_with(TokenBridge::Insolvent {});
}

#[test]
fn a_token_that_calls_back_is_not_counted_twice() {
    let (mut home, abroad) = banks();
    let token = home.token;
    home.habit(HOOK);
    // While the token takes alice's 100, the token itself sends 50 of its own.
    home.call(alice(), token, crate::harness::OddToken::mintCall { to: token, amount: U256::from(50) }).ok();
    let inner = home.sending(&abroad, token, 50).abi_encode();
    let script = crate::harness::OddToken::scriptCall { target_: home.bridge, input: inner.into() };
    home.approve_as_token();
    home.call(alice(), token, script).ok();
    let call = home.sending(&abroad, token, 100);
    let receipt = home.call(alice(), home.bridge, call).ok();
    let amounts: Vec<U256> = receipt.events::<TokenBridge::Sent>().iter().map(|event| event.amount).collect();
    assert_eq!(amounts, [U256::from(50), U256::from(100)]);
    assert_eq!((home.held(token), home.balance(token, home.bridge)), (150, 150));
}

impl Bank {
    /// Lets the bridge take the token contract's own tokens: its hook runs in its own name.
    fn approve_as_token(&mut self) {
        let approve =
            crate::harness::OddToken::approveCall { spender: self.bridge, amount: U256::MAX }.abi_encode();
        let (token, habit) = (self.token, HOOK);
        self.habit(NONE);
        let script = crate::harness::OddToken::scriptCall { target_: token, input: approve.into() };
        self.call(alice(), token, script).ok();
        self.habit(habit);
        // Any transferFrom runs the hook first.
        let nothing =
            crate::harness::OddToken::transferFromCall { from: alice(), to: alice(), amount: U256::ZERO };
        self.call(alice(), token, nothing).ok();
    }
}

#[test]
fn packets_that_no_bridge_sends_are_failed_deliveries() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    let voucher = transfer(&mut home, &mut abroad, token, 100);
    let good = bob().to_vec();
    let (own, one) = (token.as_slice(), U256::ONE);
    let cases: Vec<(Vec<u8>, Option<Vec<u8>>)> = vec![
        (vec![], None),
        (vec![1; 31], None),
        (payload(2, own, &good, one), Some(TokenBridge::UnknownKind { kind: 2 }.abi_encode())),
        (payload(0, own, &good, U256::ZERO), Some(TokenBridge::BadRecipient {}.abi_encode())),
        (payload(0, own, &[1; 21], one), Some(TokenBridge::BadRecipient {}.abi_encode())),
        (payload(0, own, &[0; 20], one), Some(Voucher::ZeroRecipient {}.abi_encode())),
        (payload(1, &[0; 20], &good, one), Some(TokenBridge::UnknownToken {}.abi_encode())),
        (payload(1, &[1; 53], &good, one), Some(TokenBridge::UnknownToken {}.abi_encode())),
        // A voucher is called by its path, never by its address.
        (payload(1, voucher.as_slice(), &good, one), Some(TokenBridge::UnknownToken {}.abi_encode())),
        (
            payload(0, &[1; 1024], &good, one),
            Some(TokenBridge::PathTooLong { length: U256::from(1024 + 53) }.abi_encode()),
        ),
    ];
    for (bytes, expected) in cases {
        let mut forged = home.send_forged(&abroad, token, 1);
        forged.packet.payload = bytes;
        let (success, reason) = abroad.deliver(&forged);
        assert!(!success);
        if let Some(expected) = expected {
            assert_eq!(reason.to_vec(), expected);
        }
    }
}

#[test]
fn an_application_name_of_more_than_64_bytes_is_refused() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    let voucher = transfer(&mut home, &mut abroad, token, 100);
    let call = TokenBridge::sendCall { app: vec![1; 65].into(), ..abroad.sending(&home, voucher, 1) };
    abroad.call(bob(), abroad.bridge, call).reverted_with(TokenBridge::AppTooLong { length: U256::from(65) });
}

#[test]
fn nobody_else_calls_what_is_for_the_gateway_the_bridge_or_a_bridge_alone() {
    let (mut home, mut abroad) = banks();
    let token = home.token;
    let voucher = transfer(&mut home, &mut abroad, token, 100);
    let (id, bytes) = (B256::ZERO, Bytes::new());
    let on_packet =
        TokenBridge::onPacketCall { id, source: id, sender: bytes.clone(), payload: bytes.clone() };
    for input in [
        on_packet.abi_encode(),
        TokenBridge::onAckCall { id, success: true, _2: bytes }.abi_encode(),
        TokenBridge::onExpiredCall { id }.abi_encode(),
    ] {
        let receipt = home.island.chain.call(alice(), home.bridge, input);
        receipt.reverted_with(TokenBridge::NotGateway {});
    }
    let pay_out = TokenBridge::payOutCall { token, to: alice(), amount: U256::from(1) };
    home.call(alice(), home.bridge, pay_out).reverted_with(TokenBridge::NotSelf {});
    let mint = Voucher::mintCall { to: bob(), amount: U256::from(1) };
    abroad.call(bob(), voucher, mint).reverted_with(Voucher::NotBridge {});
    let burn = Voucher::burnCall { from: bob(), amount: U256::from(1) };
    abroad.call(bob(), voucher, burn).reverted_with(Voucher::NotBridge {});
    let restore = Voucher::restoreCall { to: bob(), amount: U256::from(1) };
    abroad.call(bob(), voucher, restore).reverted_with(Voucher::NotBridge {});
    let forget = Voucher::forgetCall { amount: U256::from(1) };
    abroad.call(bob(), voucher, forget).reverted_with(Voucher::NotBridge {});
}

#[test]
fn an_account_belongs_to_one_gateway_and_one_application() {
    let (mut home, _) = banks();
    let account_of = |home: &mut Bank, source: GatewayId, app: &[u8]| {
        let call = TokenBridge::accountOfCall { source: source.0.into(), app: Bytes::copy_from_slice(app) };
        home.island.chain.view(home.bridge, call)
    };
    let one = account_of(&mut home, GatewayId([1; 32]), b"app");
    assert_ne!(one, account_of(&mut home, GatewayId([2; 32]), b"app"));
    assert_ne!(one, account_of(&mut home, GatewayId([1; 32]), b"apq"));
}

#[test]
fn a_plain_token_keeps_its_books() {
    use alloy_sol_types::SolConstructor;
    use causeway_evm_gateway::DemoToken;
    let (mut home, _) = banks();
    let arguments =
        DemoToken::constructorCall { name_: "Demo".into(), symbol_: "DEMO".into(), supply: U256::from(1000) };
    let owner = home.island.owner;
    let token = home.island.deploy(&DemoToken::BYTECODE, &arguments.abi_encode());
    let view = |home: &mut Bank, holder| home.island.chain.view(token, DemoToken::balanceOfCall { holder });
    assert_eq!(view(&mut home, owner), U256::from(1000));
    let send = |to, amount: u64| DemoToken::transferCall { to, amount: U256::from(amount) };
    home.call(owner, token, send(alice(), 400)).ok();
    home.call(alice(), token, send(bob(), 401)).reverted_with(DemoToken::InsufficientBalance {
        holder: alice(),
        balance: U256::from(400),
        needed: U256::from(401),
    });
    home.call(alice(), token, send(Address::ZERO, 1)).reverted_with(DemoToken::ZeroRecipient {});
    let take =
        |amount: u64| DemoToken::transferFromCall { from: alice(), to: bob(), amount: U256::from(amount) };
    home.call(alice(), token, DemoToken::approveCall { spender: owner, amount: U256::from(100) }).ok();
    home.call(owner, token, take(60)).ok();
    home.call(owner, token, take(41)).reverted_with(DemoToken::InsufficientAllowance {
        holder: alice(),
        spender: owner,
        allowed: U256::from(40),
        needed: U256::from(41),
    });
    assert_eq!((view(&mut home, alice()), view(&mut home, bob())), (U256::from(340), U256::from(60)));
}
