//! Registers to compare with: whose there are, bringing one in, ending it, what allows relatives. No row of any is read.

use axum::extract::Multipart;
use axum::http::{Method, StatusCode};
use axum::{Extension, Json};
use kandeng_platform::Refusal;
use kandeng_platform::api::{At, Beside, CommandId, Done, Id, Operation, Operations, Said};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DONE, carry_out};
use crate::pages::registers::{MOST_BYTES, MOST_TIME, Sent, Typed, of_path, ours, withdrawn};
use crate::register::{
    InForce, OFF_WITHOUT_BASIS, Register, StateBasis, basis_of, listed as all, register_id,
};
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    Operations::new()
        .asks(
            Operation::read(
                "/api/supervise/registers",
                "登记数据:何人负责、用途、依据、期限;内容不可读 / Registers: whose, what for, by what right, until when; never what they hold",
            )
            .giving::<Registers>(200, "登记数据 / The registers"),
            Action::ListRegister,
            ours,
            listed,
        )
        .asks(
            Operation::command(
                "/api/supervise/registers",
                "导入一种登记数据,取代原有的 / Bring a register in, in place of the one before",
            )
            .taking_file("工作簿或 CSV,至多 64 MB;读取后即销毁 / A workbook or CSV, 64 MB at most; it is destroyed once it was read")
            .beside::<TermsIn>()
            .giving::<Registers>(201, "已导入 / It was taken"),
            Action::UploadRegister,
            ours,
            bring_in,
        )
        .up_to(MOST_BYTES, MOST_TIME)
        .asks(
            Operation::new(
                Method::DELETE,
                "/api/supervise/registers/{id}",
                "提前删除 / Delete it before its time",
            )
            .giving_nothing("已删除 / It is gone"),
            Action::DeleteRegister,
            of_path,
            delete,
        )
        .asks(
            Operation::command(
                "/api/supervise/registers/basis",
                "写明使用亲属登记的依据 / State what allows the register of relatives",
            )
            .taking::<BasisIn>()
            .giving::<Done>(200, DONE),
            Action::StateRegisterBasis,
            ours,
            state_basis,
        )
}

/// 登记数据 / Registers
#[derive(Serialize, ToSchema)]
struct Registers {
    registers: Vec<RegisterLine>,
    /// 使用亲属登记的依据;没有则不能导入 / What allows the register of relatives; without it none is taken
    relatives: Option<BasisOut>,
}

/// 一种登记数据 / A register
#[derive(Serialize, ToSchema)]
struct RegisterLine {
    id: Id,
    /// 种类,如 `companies` / Its kind, such as `companies`
    #[schema(example = "companies")]
    register: String,
    /// 负责人的账号 / The account that answers for it
    owner: Id,
    /// 用途 / What it is for
    purpose: String,
    /// 依据 / What allows it
    basis: String,
    /// 最后一天 / Its last day
    #[schema(example = "2026-12-31")]
    expires: String,
    /// 行数 / How many rows
    rows: u64,
    at: At,
    /// 用过几次 / How often it was used
    uses: u64,
    used_at: Option<At>,
}

impl From<InForce> for RegisterLine {
    fn from(one: InForce) -> Self {
        Self {
            id: Id(one.upload),
            register: one.register,
            owner: Id(one.owner),
            purpose: one.purpose,
            basis: one.basis,
            expires: one.expires,
            rows: one.rows,
            at: At::of(one.at),
            uses: one.uses,
            used_at: one.used_at.map(At::of),
        }
    }
}

/// 依据 / What allows something
#[derive(Serialize, ToSchema)]
struct BasisOut {
    basis: String,
    /// 写明者的账号 / Whose account stated it
    by: Id,
    at: At,
}

async fn listed(site: Site) -> Result<Json<Registers>, Problem> {
    let (registers, relatives) = site
        .platform()
        .query(|connection| Ok((all(connection)?, basis_of(connection)?)))?;
    Ok(Json(Registers {
        registers: registers.into_iter().map(RegisterLine::from).collect(),
        relatives: relatives.map(|one| BasisOut {
            basis: one.basis,
            by: Id(one.by),
            at: At::of(one.at),
        }),
    }))
}

/// 种类 / A kind of register
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum KindIn {
    Divisions,
    Companies,
    Officials,
    Relatives,
    Deceased,
    Eligible,
    Programmes,
}

impl KindIn {
    const fn name(self) -> &'static str {
        match self {
            Self::Divisions => "divisions",
            Self::Companies => "companies",
            Self::Officials => "officials",
            Self::Relatives => "relatives",
            Self::Deceased => "deceased",
            Self::Eligible => "eligible",
            Self::Programmes => "programmes",
        }
    }
}

/// 登记数据的用途、依据、期限 / What a register is for, what allows it, until when
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TermsIn {
    register: KindIn,
    /// 用途 / What it is for
    #[schema(min_length = 1, max_length = 500)]
    purpose: String,
    /// 依据 / What allows it
    #[schema(min_length = 1, max_length = 500)]
    basis: String,
    /// 最后一天 / Its last day
    #[schema(min_length = 10, max_length = 10, example = "2026-12-31")]
    expires: String,
}

async fn bring_in(
    site: Site,
    asked: Asked,
    command: CommandId,
    beside: Beside,
    Extension(scene): Extension<Supervise>,
    form: Multipart,
) -> Result<(StatusCode, Json<Registers>), Problem> {
    // Taken already, it is not taken once more: that would be another upload, with uses of its own.
    if command.first_answer(&site).await?.is_some() {
        return Ok((StatusCode::CREATED, listed(site).await?));
    }
    let sent = Sent::receive(&scene, form).await?;
    let said: TermsIn = beside.read(sent.arrived.fields())?;
    let typed = Typed {
        register: said.register.name().to_owned(),
        purpose: said.purpose,
        basis: said.basis,
        expires: said.expires,
    };
    let cx = command.context(&site, &asked.viewer, site.jurisdiction());
    if let Err(told) = sent.taken(&site, &scene, &typed, &cx).await? {
        // Where in the file, and never what stands there.
        let lines = |of: fn(&kandeng_platform::Text) -> &str| {
            let told = told.iter().take(MOST_TOLD).map(of);
            told.collect::<Vec<_>>().join("\n")
        };
        let refusal = Refusal::new(
            "register-refused",
            lines(|text| &text.zh),
            lines(|text| &text.en),
        );
        return Err(Problem::from(refusal).with("field", "file".into()));
    }
    Ok((StatusCode::CREATED, listed(site).await?))
}

/// The most that is told of what is wrong with a file.
const MOST_TOLD: usize = 100;

async fn delete(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<StatusCode, Problem> {
    withdrawn(&site, &scene, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 依据 / What allows something
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "basis": "县纪委监委〔2026〕3 号" }))]
struct BasisIn {
    #[schema(min_length = 1, max_length = 500)]
    basis: String,
}

async fn state_basis(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(said): Said<BasisIn>,
) -> Result<Json<Done>, Problem> {
    // Cannot be missing: it is one of the kinds.
    let stream = register_id(OFF_WITHOUT_BASIS).unwrap_or_default();
    let what = StateBasis { basis: said.basis };
    Ok(Json(
        carry_out::<Register, _>(&site, &asked, command, stream, what).await?,
    ))
}
