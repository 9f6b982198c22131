use steadfast::Client;
use steadfast::config::{BaseUrl, Effective, Settings};

use super::toml;

const BASES: [&str; 5] = [
    "https://user:hunter2@api.example.com/v1",
    "https://hunter2@api.example.com/v1",
    "https://api.example.com/v1?key=hunter2",
    "https://api.example.com/v1#hunter2",
    "hunter2://user:hunter2@api.example.com",
];

#[test]
fn no_text_of_settings_holds_a_credential() {
    for base in BASES {
        let settings = toml(&format!("base_url = {base:?}"));
        let texts = [
            format!("{settings:?}"),
            settings.to_string(),
            serde_json::to_string(&settings).unwrap(),
            toml::to_string(&settings).unwrap(),
            settings
                .builder()
                .map_or_else(|error| format!("{error} {error:?}"), |builder| format!("{builder:?}")),
        ];
        for text in texts {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}

#[test]
fn a_client_keeps_the_credentials_that_its_configuration_does_not_show() {
    let settings = toml(&format!("base_url = {:?}", BASES[0]));
    let client = settings.builder().unwrap().build().unwrap();
    let text = Effective::of(&client).to_string();
    assert!(
        text.contains("base_url = \"https://api.example.com/v1\"") && !text.contains("hunter2"),
        "{text}"
    );
    assert_eq!(settings.base_url.as_ref().map(BaseUrl::as_str), Some(BASES[0]));
    assert_eq!(Settings::default().overlay(&settings), settings);
}

#[test]
fn what_is_not_shown_does_not_read_back_as_something_else() {
    for base in ["nonsense hunter2", BASES[4]] {
        let hidden = toml(&toml(&format!("base_url = {base:?}")).to_string());
        let error = hidden.builder().unwrap_err();
        assert_eq!(error.field(), "base_url");
    }
    assert_eq!(Effective::of(&Client::new()).settings().base_url, None);
}

#[test]
fn a_base_url_that_is_no_text_is_refused_by_the_kind_of_its_value() {
    let url = format!("{:?}", BASES[0]);
    for (value, kind) in [
        (format!("[{url}]"), "a list"),
        (format!("[{url}, {url}]"), "a list"),
        (format!("[{url}, 2117]"), "a list with another item"),
        (format!("[[{url}]]"), "a list with another item"),
        (format!("{{ {url}: 2117 }}"), "a table"),
        (format!("{{ \"x\": {url} }}"), "a table"),
        ("2117".to_owned(), "a number"),
        ("-21.17".to_owned(), "a number"),
        ("true".to_owned(), "a flag"),
        ("null".to_owned(), "null"),
    ] {
        let json = serde_json::from_str::<Settings>(&format!("{{ \"base_url\": {value} }}")).unwrap_err();
        let message = json.to_string();
        let expected = "`base_url` must be a URL: http or https, without query and fragment, but was ";
        let said = message.strip_prefix(expected).unwrap_or_else(|| panic!("{message}"));
        assert!(said.starts_with(&format!("{kind} at line 1")), "{message}");
        assert!(!message.contains("hunter2") && !said.contains("2117"), "{message}");
    }
}
