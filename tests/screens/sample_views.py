"""Made-up views of every screen kind in both languages, with the texts that strain a layout: for the gallery and the tests."""

# ruff: noqa: E501 - both languages side by side read better than wrapped
from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from kiosk.texts import Texts
from kiosk.view import (
    Body,
    Buttons,
    CaseStepView,
    CaseView,
    Choice,
    ChooseView,
    CrossView,
    FaultView,
    FieldKind,
    FieldView,
    FinishView,
    FormView,
    HomeView,
    IdentifyView,
    Mark,
    MaterialsView,
    NoticeView,
    OutOfServiceView,
    Phase,
    Progress,
    RateView,
    ReceiptView,
    ResultView,
    ReviewView,
    Row,
    ScanView,
    SignView,
    SubmitView,
    TechnicianEntryView,
    TechnicianLine,
    TechnicianTaskView,
    TechnicianView,
    Tile,
    View,
)

ROOT = Path(__file__).resolve().parents[2]
FONT = ROOT / "assets" / "fonts" / "NotoSansSC-Regular.otf"
LONG_NAME = "WOLFESCHLEGELSTEINHAUSENBERGERDORFF MAXIMILIANALEXANDERCHRIST"
RARE_NAME = "𠮷㛃䶮𪨊[样]&"

STAGES = {
    "zh": ("须知", "读证", "填写", "拍照", "核对", "签名", "提交", "回执", "评价"),
    "en": ("Notice", "ID card", "Form", "Photograph", "Check", "Signature", "Hand in", "Receipt", "Rating"),
}
INDEX = {
    "notice": 0,
    "identify": 1,
    "form": 2,
    "materials": 3,
    "review": 4,
    "sign": 5,
    "submit": 6,
    "receipt": 7,
    "document": 7,
    "rate": 8,
}


def paper() -> bytes:
    """A JPEG of an invented certificate on a table."""
    image = Image.new("RGB", (1280, 960), "#6d7a72")
    draw = ImageDraw.Draw(image)
    draw.polygon([(270, 60), (1010, 40), (1030, 920), (250, 930)], fill="#f5f2ea")
    title, body = ImageFont.truetype(str(FONT), 54), ImageFont.truetype(str(FONT), 30)
    draw.text((520, 120), "居住证明", fill="#222", font=title)
    for line in range(9):
        draw.text(
            (330, 250 + 58 * line),
            "兹证明样张内容仅供演示使用，不涉及真实人员。"[: 21 - line % 4],
            fill="#333",
            font=body,
        )
    draw.ellipse((720, 700, 900, 880), outline="#c0392b", width=8)
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=85)
    return kept.getvalue()


def _key_bodies(zh: bool) -> dict[str, tuple[str, str, Body, Buttons]]:
    """The question for a travel document's key, in the terminal's own words."""
    texts = Texts(ROOT / "assets" / "texts" / "kiosk.toml")

    def t(key: str) -> str:
        return texts.get("zh" if zh else "en", key)

    def a_field(name: str, kind: FieldKind, value: str, error: str = "") -> FieldView:
        label, hint = t(f"access_key.{name}"), t(f"access_key.{name}.hint")
        return FieldView(name, label, kind, value, error, hint, max_length=22 if name == "document_number" else 8)

    ways = tuple(Choice(way, t(f"access_key.way.{way}")) for way in ("zone", "can", "camera", "other"))
    title = t("access_key.title")
    number = a_field("document_number", FieldKind.TEXT, "EX1234567")
    birth = a_field("birth", FieldKind.DIGITS, "19920212")
    fields = (number, birth, a_field("expiry", FieldKind.DIGITS, ""))
    wrong = (number, birth, a_field("expiry", FieldKind.DIGITS, "2034", t("access_key.expiry.error")))
    can = (a_field("can", FieldKind.DIGITS, "246"),)
    typing = Buttons(back=True, cancel=True, next=t("button.next"))
    looking = Buttons(back=True, cancel=True)
    page, guide = t("access_key.data_page"), t("access_key.guide")
    refused = (
        "证件资料与扫描或输入的内容不一致。请核对证件号码、出生日期和有效期后再试。"
        if zh
        else "What was scanned or typed does not fit this document. Please check its number, date of birth and date of expiry, and try again."
    )
    return {
        "key_ways": ("choose", title, ChooseView(t("access_key.question"), ways), looking),
        "key_ways_refused": ("choose", title, ChooseView(refused, ways), looking),
        "key_zone": ("form", title, FormView(fields), typing),
        "key_zone_incomplete": ("form", title, FormView(wrong, t("form.incomplete")), typing),
        "key_zone_refused": ("form", title, FormView(fields, refused), typing),
        "key_can": ("form", title, FormView(can), typing),
        "key_camera": ("materials", title, MaterialsView(page, guide, Phase.WAITING, "", paper()), looking),
        "key_camera_refused": (
            "materials",
            title,
            MaterialsView(page, guide, Phase.REFUSED, t("access_key.not_found"), paper()),
            looking,
        ),
        "key_put_back": (
            "identify",
            t("access_key.title"),
            IdentifyView("请将身份证件平放在读卡区", Phase.WAITING, t("identify.put_back")),
            looking,
        ),
    }


def _bodies(zh: bool) -> dict[str, tuple[str, str, Body, Buttons]]:
    """name -> (screen, title, body, buttons)"""

    def t(chinese: str, english: str) -> str:
        return chinese if zh else english

    on = t("下一步", "Continue")
    both = Buttons(back=True, cancel=True, next=on)
    waiting = Buttons(back=True, cancel=True)
    service = t("城乡居民医保参保登记", "Medical insurance enrolment for residents")
    tiles = (
        Tile(
            "medical_insurance_enrolment",
            service,
            t(
                "身份证、港澳台居民居住证、永久居留证均可办理",
                "With an ID card, residence permit or permanent residence card",
            ),
            "medical",
            True,
        ),
        Tile(
            "progress_query",
            t("办件进度查询", "Progress of a case"),
            t("凭回执二维码或身份证查询", "With the code of your receipt or your ID card"),
            "progress",
            True,
        ),
    )
    broken = replace(
        tiles[0],
        available=False,
        reason=t("证件读卡器正在维修，请使用2号自助机", "the card reader is being repaired, please use terminal 2"),
    )
    maintained = (
        Row(t("终端", "Terminal"), "SAMPLE-07 · 0.1.0"),
        Row(t("待上报", "Waiting to be sent"), "0"),
    )
    more = tuple(
        Tile(
            f"service_{number}",
            t(chinese, english),
            t(f"{chinese}，当场办结", "On the spot"),
            symbol,
            number != 3,
            t("暂停服务", "paused") if number == 3 else "",
        )
        for number, (chinese, english, symbol) in enumerate(
            [
                ("参保证明打印", "Certificate of insurance", "receipt"),
                ("公积金查询", "Housing fund", "home"),
                ("身份证换领受理", "Renewal of the ID card", "card"),
                ("水电燃气便民缴费", "Electricity, water and gas", "money"),
                ("养老资格认证", "Pension eligibility", "person"),
                ("新生儿一件事", "A child is born", "people"),
                ("预约与取消", "Appointments", "clock"),
                ("十二三四五热线", "Hotline", "phone"),
            ]
        )
    )
    kinship = (
        Choice("self", t("本人", "Myself")),
        Choice("child", t("子女", "My child")),
        Choice("parent", t("父母", "My father or mother")),
    )
    card = (
        FieldView("name", t("姓名", "Name"), FieldKind.READ_ONLY, "张伟样" if zh else LONG_NAME),
        FieldView("sex", t("性别", "Sex"), FieldKind.READ_ONLY, t("男", "Male")),
        FieldView("number", t("公民身份号码", "ID number"), FieldKind.READ_ONLY, "110***********1234"),
        FieldView(
            "address",
            t("住址", "Address"),
            FieldKind.READ_ONLY,
            "某某省某某市样例区幸福街道和谐社区阳光花园小区12号楼3单元1502室",
        ),
        FieldView("valid", t("有效期限", "Valid until"), FieldKind.READ_ONLY, t("长期", "unlimited")),
    )
    fill = (
        FieldView(
            "phone",
            t("手机号码", "Mobile phone number"),
            FieldKind.DIGITS,
            "",
            "",
            t("用来接收办理结果", "To tell you the result"),
            max_length=11,
        ),
        FieldView("relation", t("为谁办理", "For whom"), FieldKind.CHOICE, "self", choices=kinship),
        FieldView("note", t("备注", "Note"), FieldKind.TEXT, "", required=False),
    )
    wrong = replace(
        fill[0],
        value="1380013",
        error=t(
            "手机号码应为11位数字，现在只有7位，请补全", "A mobile phone number has 11 digits; this one has only 7"
        ),
    )
    rows = (
        Row(t("姓名", "Name"), RARE_NAME if zh else LONG_NAME),
        Row(t("公民身份号码", "ID number"), "110***********1234"),
        Row(t("住址", "Address"), "某某省某某市样例区幸福街道和谐社区阳光花园小区12号楼3单元1502室"),
        Row(t("手机号码", "Mobile phone"), "138 0000 0000"),
        Row(
            t("参保类型", "Kind of insurance"),
            t("城乡居民基本医疗保险", "Basic medical insurance for urban and rural residents"),
        ),
        Row(t("材料", "Papers"), t("居住证明（已拍照1张）", "Proof of residence (1 photograph)")),
    )
    statement = t(
        "本人承诺以上信息真实、准确、完整，并愿意承担不实承诺的法律责任。",
        "I declare that this information is true, accurate and complete, and I accept the legal consequences if it is not.",
    )
    number = "11130000MB0000000X420203000000120251122" + "0001"
    receipt_rows = (
        Row(t("办件编号", "Case number"), number),
        Row(t("承诺办结日期", "Promised by"), t("2025年12月5日", "5 December 2025")),
    )
    case = CaseView(
        service,
        receipt_rows,
        (
            CaseStepView(t("受理", "Accepted"), "done", "2025-11-22"),
            CaseStepView(t("审核", "Examination"), "current", "2025-11-24"),
            CaseStepView(t("决定", "Decision"), "waiting"),
            CaseStepView(t("送达", "Delivery"), "waiting"),
        ),
        (
            Row(t("法定时限", "Legal limit"), t("20个工作日", "20 working days")),
            Row(t("承诺时限", "Promise"), t("10个工作日", "10 working days")),
            Row(t("已用时间", "Used"), t("2个工作日", "2 working days")),
        ),
    )
    returned = replace(
        case,
        title=t("居住证签注", "Residence permit endorsement"),
        steps=(case.steps[0], CaseStepView(t("审核", "Examination"), "returned", "2025-11-23")),
        clocks=(),
    )
    levels = tuple(
        Choice(str(place), label)
        for place, label in enumerate(
            ["非常满意", "满意", "基本满意", "不满意", "非常不满意"]
            if zh
            else ["Very satisfied", "Satisfied", "Fairly satisfied", "Dissatisfied", "Very dissatisfied"]
        )
    )
    reasons = tuple(
        Choice(f"r{place}", label)
        for place, label in enumerate(
            ["等待时间太长", "操作步骤看不懂", "材料要求不清楚", "设备出现故障", "其他原因"]
            if zh
            else [
                "It took too long",
                "The steps are hard to understand",
                "Papers were not clear",
                "The machine failed",
                "Something else",
            ]
        )
    )
    other = (Choice("scan", t("没带身份证，用回执二维码查询", "No card here: use the code of my receipt")),)
    ask = t("请把身份证平放在读卡区", "Please lay your ID card flat on the reader")
    picture = paper()
    guide = t(
        "请把居住证明平放在摄像头下方的台面上，四个角都要看得见。",
        "Lay the paper flat on the table under the camera. All four corners must be seen.",
    )
    residence = t("居住证明", "Proof of residence")
    return {
        "home": ("home", "", HomeView(tiles), Buttons()),
        "home_broken": (
            "home",
            "",
            HomeView(
                (broken, tiles[1]),
                t(
                    "打印机缺纸，暂时不能打印回执，其他功能正常",
                    "The printer is out of paper: no receipts for now, everything else works",
                ),
            ),
            Buttons(),
        ),
        "home_card_left": (
            "home",
            "",
            HomeView(tiles, t("请不要忘记取走您的证件。", "Please do not forget your card.")),
            Buttons(),
        ),
        "home_many_card_left": (
            "home",
            "",
            HomeView((*tiles, *more), t("请不要忘记取走您的证件。", "Please do not forget your card.")),
            Buttons(),
        ),
        "home_many": ("home", "", HomeView((*tiles, *more)), Buttons()),
        "notice": (
            "notice",
            service,
            NoticeView(
                (
                    t(
                        "本事项面向在本市居住、未参加职工医保的城乡居民，港澳台居民和持永久居留身份证的外国人也可以办理。",
                        "This service is for residents of this city without employees' insurance; residents of Hong Kong, Macau and Taiwan and permanent residents may enrol too.",
                    ),
                    t(
                        "请准备：有效身份证件原件；居住证明一份。",
                        "You need: a valid identity document and one proof of residence.",
                    ),
                    t(
                        "我们只读取证件上办理本事项必需的信息，办完即从本机清除。",
                        "Only what this service needs is read from your card; it is erased from this terminal when you leave.",
                    ),
                    t(
                        "登记免费。收到短信后，请在三十天内缴费，逾期需重新登记。",
                        "Enrolment is free of charge. Pay within thirty days after the message, or you will have to enrol again.",
                    ),
                )
            ),
            Buttons(cancel=True, next=t("我已看明白，开始办理", "I understand, begin")),
        ),
        "identify_waiting": ("identify", t("请出示证件", "Your ID card"), IdentifyView(ask, Phase.WAITING), waiting),
        "identify_working": (
            "identify",
            t("请出示证件", "Your ID card"),
            IdentifyView(ask, Phase.WORKING, t("正在读取，请不要移动证件", "Reading, please do not move the card")),
            Buttons(cancel=True),
        ),
        "identify_refused": (
            "identify",
            t("请出示证件", "Your ID card"),
            IdentifyView(
                ask,
                Phase.REFUSED,
                t(
                    "没有读到证件信息：证件被移开了。请重新放好，保持三秒钟不要动。",
                    "The card was taken away too soon. Please put it back and leave it there for three seconds.",
                ),
                other,
            ),
            waiting,
        ),
        "identify_done": (
            "identify",
            t("请出示证件", "Your ID card"),
            IdentifyView(t("请收好您的证件", "Please take your card"), Phase.DONE, t("读取成功", "Your card was read")),
            Buttons(cancel=True, next=on),
        ),
        "scan_waiting": (
            "scan",
            t("扫描回执二维码", "Scan the code of your receipt"),
            ScanView(
                t("请把回执上的二维码对准扫描窗口", "Hold the code of your receipt over the scanning window"),
                Phase.WAITING,
                "",
                (Choice("identify", t("没有回执，用身份证查询", "No receipt: use my ID card")),),
            ),
            waiting,
        ),
        "scan_refused": (
            "scan",
            t("扫描回执二维码", "Scan the code of your receipt"),
            ScanView(
                t("请把回执上的二维码对准扫描窗口", "Hold the code of your receipt over the scanning window"),
                Phase.REFUSED,
                t(
                    "这不是办件回执上的二维码，请换一个试试。",
                    "This is not the code of a receipt. Please try another one.",
                ),
            ),
            waiting,
        ),
        "choose": (
            "choose",
            t("为谁办理", "For whom"),
            ChooseView(t("您今天为谁办理参保登记？", "For whom do you want to enrol today?"), kinship),
            waiting,
        ),
        "choose_many": (
            "choose",
            t("查询方式", "How to find the case"),
            ChooseView(
                t("请选择一种查询方式", "Please choose one way"),
                (
                    *kinship,
                    *(Choice(f"w{place}", t(f"第{place}种方式", f"Way number {place}")) for place in range(1, 7)),
                ),
            ),
            waiting,
        ),
        "form": ("form", t("填写登记信息", "Your details"), FormView((*card, *fill)), both),
        "form_wrong": (
            "form",
            t("填写登记信息", "Your details"),
            FormView((*card, wrong, *fill[1:]), t("还有1处需要修改", "One thing needs to be mended")),
            both,
        ),
        "materials_waiting": (
            "materials",
            t("拍摄材料", "Photograph your papers"),
            MaterialsView(
                residence,
                guide,
                Phase.WAITING,
                "",
                picture,
                1,
                2,
                t("请把整张纸移到画面中间", "Move the whole paper into the picture"),
            ),
            waiting,
        ),
        "materials_starting": (
            "materials",
            t("拍摄材料", "Photograph your papers"),
            MaterialsView(residence, guide, Phase.WORKING, "", b"", 1, 1),
            waiting,
        ),
        "materials_refused": (
            "materials",
            t("拍摄材料", "Photograph your papers"),
            MaterialsView(
                residence,
                guide,
                Phase.REFUSED,
                t(
                    "照片不够清楚，可能是纸张移动了。请放平后重新拍照。",
                    "The photograph is not sharp. Lay the paper flat and take it again.",
                ),
                picture,
                1,
                1,
            ),
            waiting,
        ),
        "materials_done": (
            "materials",
            t("拍摄材料", "Photograph your papers"),
            MaterialsView(
                residence, guide, Phase.DONE, t("照片清楚，可以使用", "The photograph is sharp"), picture, 1, 1
            ),
            both,
        ),
        "review": (
            "review",
            t("请核对", "Please check"),
            ReviewView(rows, statement),
            Buttons(back=True, cancel=True, next=t("确认无误", "All correct")),
        ),
        "review_long": (
            "review",
            t("请核对", "Please check"),
            ReviewView(rows * 3, statement),
            Buttons(back=True, cancel=True, next=t("确认无误", "All correct")),
        ),
        "sign": (
            "sign",
            t("请签名", "Your signature"),
            SignView(statement),
            Buttons(back=True, cancel=True, next=t("签好了", "Signed"), next_enabled=False),
        ),
        "sign_message": (
            "sign",
            t("请签名", "Your signature"),
            SignView(statement, t("签名太短，请写出完整姓名", "This is too short: please write your whole name")),
            both,
        ),
        "submit_working": (
            "submit",
            t("正在提交", "Handing in"),
            SubmitView(Phase.WORKING, t("正在提交，请稍候，不要离开", "Handing in, please wait and stay here")),
            Buttons(),
        ),
        "submit_done": (
            "submit",
            t("提交成功", "Handed in"),
            SubmitView(Phase.DONE, t("您的申请已受理", "Your application was accepted")),
            Buttons(next=on),
        ),
        "submit_refused": (
            "submit",
            t("提交结果", "Handing in"),
            SubmitView(
                Phase.REFUSED,
                t(
                    "您已经参保，无需重复登记。如有疑问，请到人工窗口咨询。",
                    "You are enrolled already. If this is wrong, please ask at the counter.",
                ),
            ),
            Buttons(cancel=True),
        ),
        "result": (
            "result",
            t("查询结果", "Your case"),
            ResultView(Phase.DONE, (case,)),
            Buttons(cancel=True, next=t("打印", "Print")),
        ),
        "result_several": (
            "result",
            t("查询结果", "Your cases"),
            ResultView(Phase.DONE, (returned, case)),
            Buttons(cancel=True, next=t("打印", "Print")),
        ),
        "result_none": (
            "result",
            t("查询结果", "Your case"),
            ResultView(Phase.DONE, (), t("没有查到您的办件", "No case of yours was found")),
            Buttons(back=True, cancel=True),
        ),
        "result_working": (
            "result",
            t("查询结果", "Your case"),
            ResultView(Phase.WORKING, (), t("正在查询，请稍候", "Looking for your case")),
            Buttons(cancel=True),
        ),
        "result_refused": (
            "result",
            t("查询结果", "Your case"),
            ResultView(
                Phase.REFUSED,
                (),
                t(
                    "暂时无法连接政务服务平台，请稍后再试，或到人工窗口查询。",
                    "The service platform cannot be reached now. Please try again later, or ask at a counter.",
                ),
                (Choice("retry", t("再试一次", "Try again")),),
            ),
            Buttons(next=t("完成", "Finish")),
        ),
        "receipt_working": (
            "receipt",
            t("打印回执", "Your receipt"),
            ReceiptView(
                Phase.WORKING,
                t("正在打印回执，请从下方出纸口取走", "Your receipt is being printed: take it from the slot below"),
                receipt_rows,
                "KIOSK:" + number,
            ),
            Buttons(),
        ),
        "receipt_done": (
            "receipt",
            t("打印回执", "Your receipt"),
            ReceiptView(
                Phase.DONE,
                t("请从下方出纸口取走回执", "Take your receipt from the slot below"),
                receipt_rows,
                "KIOSK:" + number,
            ),
            Buttons(next=on),
        ),
        "receipt_refused": (
            "receipt",
            t("打印回执", "Your receipt"),
            ReceiptView(
                Phase.REFUSED,
                t(
                    "打印机缺纸，回执没有打出来。您的申请已经受理，请拍下二维码或记下编号。",
                    "The printer has no paper. Your application was accepted: photograph the code or write down the number.",
                ),
                receipt_rows,
                "KIOSK:" + number,
                (Choice("retry", t("再打印一次", "Print again")),),
            ),
            Buttons(next=on),
        ),
        "receipt_unknown": (
            "receipt",
            t("打印回执", "Your receipt"),
            ReceiptView(
                Phase.REFUSED,
                t(
                    "无法确认回执是否打印完整，请查看出纸口。您的申请已经提交成功，也可用手机拍下本页的二维码。",
                    "We cannot tell whether the receipt was printed: please look at the slot. Your application has been handed in; you may also take a photo of this code.",
                ),
                receipt_rows,
                "KIOSK:" + number,
            ),
            Buttons(next=on),
        ),
        "document_working": (
            "document",
            t("受理通知书", "Notice of acceptance"),
            ReceiptView(
                Phase.WORKING,
                t("正在打印受理通知书，请稍候……", "Printing your notice, one moment please…"),
                receipt_rows[:1],
            ),
            Buttons(),
        ),
        "document_done": (
            "document",
            t("受理通知书", "Notice of acceptance"),
            ReceiptView(
                Phase.DONE,
                t("请在文件出纸口取走通知书。", "Please take your notice from the document tray."),
                receipt_rows[:1],
            ),
            Buttons(next=on),
        ),
        "document_refused": (
            "document",
            t("受理通知书", "Notice of acceptance"),
            ReceiptView(
                Phase.REFUSED,
                t(
                    "通知书没有打印出来。您的申请已经提交成功，可凭回执到人工窗口领取。",
                    "The notice could not be printed. Your application has been handed in: show your receipt at a staffed counter to get the notice.",
                ),
                receipt_rows[:1],
                choices=(Choice("retry", t("再打印一次", "Print again")),),
            ),
            Buttons(next=on),
        ),
        "rate": (
            "rate",
            t("请评价本次服务", "How was it?"),
            RateView(t("您对本次办理满意吗？", "Are you satisfied with this visit?"), levels),
            Buttons(next=t("不评价，结束", "Skip")),
        ),
        "rate_reasons": (
            "rate",
            t("请评价本次服务", "How was it?"),
            RateView(
                t("您对本次办理满意吗？", "Are you satisfied with this visit?"),
                levels,
                "3",
                reasons,
                t("请告诉我们哪里没有做好", "Please tell us what was not good"),
            ),
            Buttons(next=t("提交评价", "Send")),
        ),
        "finish": (
            "finish",
            t("办理完成", "Thank you"),
            FinishView(
                t("感谢使用，再见", "Your visit is finished. Good-bye."),
                (
                    t("请拿好您的身份证", "Take your ID card"),
                    t("请取走回执和居住证明", "Take the receipt and your paper"),
                ),
            ),
            Buttons(next=t("返回首页", "Start page")),
        ),
        "finish_plain": (
            "finish",
            t("办理完成", "All done"),
            FinishView(t("感谢您的使用，祝您生活愉快！", "Thank you, and have a good day!")),
            Buttons(next=t("完成", "Finish")),
        ),
        "finish_all": (
            "finish",
            t("办理完成", "All done"),
            FinishView(
                t("感谢您的使用，祝您生活愉快！", "Thank you, and have a good day!"),
                (
                    t("请取走您的证件", "Please take your card"),
                    t("请取走打印好的回执", "Please take your printed receipt"),
                    t("请取走高拍仪下的材料", "Please take your papers from under the camera"),
                ),
            ),
            Buttons(next=t("完成", "Finish")),
        ),
        "fault": (
            "fault",
            t("读卡器暂时不能使用", "The card reader does not work"),
            FaultView(
                t(
                    "读卡器没有响应，您填写的内容还在，没有丢失。",
                    "The card reader does not answer. What you filled in is not lost.",
                ),
                t(
                    "可以再试一次；如果仍然不行，请使用旁边的自助机，或到3号窗口办理。",
                    "Try once more. If it still does not work, please use the next terminal or go to counter 3.",
                ),
                (
                    Choice("retry", t("再试一次", "Try again")),
                    Choice("manual", t("到人工窗口办理", "Go to the counter")),
                    Choice("abort", t("结束办理", "End this visit")),
                ),
            ),
            Buttons(),
        ),
        "fault_long": (
            "fault",
            t("本次办理暂时不能继续", "This visit cannot go on for now"),
            FaultView(
                t(
                    "系统出现异常，本次办理已中止。您已提交的申请不受影响，可凭回执二维码或证件查询办理进度。",
                    "A software error ended this visit. What was handed in already is not affected: use the code of your receipt or your card to ask for its progress.",
                ),
                t("请到人工窗口咨询，或稍后再来。", "Please ask at a counter, or come again later."),
                (Choice("stop", t("返回首页", "Start page")),),
            ),
            Buttons(),
        ),
        "out_of_service": (
            "out_of_service",
            t("本机暂停服务", "Out of service"),
            OutOfServiceView(
                t("设备正在维护", "This terminal is being maintained"),
                t(
                    "请使用大厅东侧的2号自助机，或到人工窗口办理。",
                    "Please use terminal 2 at the east side of the hall, or go to a counter.",
                ),
            ),
            Buttons(),
        ),
        "technician_entry": (
            "technician_entry",
            t("维护模式", "Maintenance"),
            TechnicianEntryView(
                t(
                    "请输入维护口令，或将维护人员证件放在读卡器上。",
                    "Enter the technician's PIN, or put a technician's card on the reader.",
                ),
                4,
                True,
                t("口令不正确，请重新输入。", "Wrong PIN. Please try again."),
            ),
            Buttons(cancel=True),
        ),
        "technician_devices": (
            "technician",
            t("维护模式", "Maintenance"),
            TechnicianView(
                maintained,
                (
                    TechnicianLine("card_reader · pcsc", t("正常", "Well"), Mark.GOOD),
                    TechnicianLine(
                        "receipt_printer · escpos",
                        t(
                            "打印机缺纸\n装入新的纸卷\n[printer.paper_out]",
                            "The printer is out of paper\nLoad a new roll\n[printer.paper_out]",
                        ),
                        Mark.BAD,
                    ),
                    TechnicianLine("document_camera · document_camera", t("正在启动", "Starting"), Mark.UNKNOWN),
                ),
                (
                    Choice("check", t("检查全部设备", "Check all devices")),
                    Choice("guided", t("逐项检查（需要动手）", "Check by hand, one by one")),
                    Choice("leave", t("退出，恢复服务", "Leave, resume service")),
                ),
                "",
                t("还剩 15 分钟，到时自动恢复服务", "15 min left, then service resumes by itself"),
            ),
            Buttons(),
        ),
        "technician_findings": (
            "technician",
            t("维护模式", "Maintenance"),
            TechnicianView(
                maintained,
                tuple(
                    TechnicianLine(
                        f"receipt_printer · {t('机盖', 'cover')} {number}",
                        t(
                            "打印机机盖打开\n无法办理：城乡居民医保参保登记\n合上机盖并确认扣紧\n[printer.cover_open] 10 04 02 → 16",
                            "The printer's cover is open\nNot available: Medical insurance enrolment\nClose the cover until it clicks\n[printer.cover_open] 10 04 02 → 16",
                        ),
                        mark,
                    )
                    for number, mark in enumerate((Mark.BAD, Mark.CAUTION, Mark.UNKNOWN, Mark.GOOD, Mark.GOOD))
                ),
                (Choice("stop", t("结束检查", "End the checks")),),
                t("正在检查（已完成 3/9）", "Checking (3 of 9 done)"),
                t("还剩 9 分钟，到时自动恢复服务", "9 min left, then service resumes by itself"),
            ),
            Buttons(),
        ),
        "technician_question": (
            "technician_task",
            t("维护模式", "Maintenance"),
            TechnicianTaskView(
                t("打印出来的方格是直的吗？", "Is the printed grid straight?"),
                (
                    Choice("yes", t("是", "Yes")),
                    Choice("no", t("否", "No")),
                    Choice("unable", t("无法判断", "Cannot tell")),
                    Choice("stop", t("结束检查", "End the checks")),
                ),
                paper(),
                t("还剩 9 分钟，到时自动恢复服务", "9 min left, then service resumes by itself"),
            ),
            Buttons(),
        ),
        "technician_instruction": (
            "technician_task",
            t("维护模式", "Maintenance"),
            TechnicianTaskView(
                t("请将任意一张证件放在读卡器上", "Put any card on the reader"),
                (Choice("stop", t("结束检查", "End the checks")),),
                b"",
                t("还剩 9 分钟，到时自动恢复服务", "9 min left, then service resumes by itself"),
            ),
            Buttons(),
        ),
        "technician_cross": (
            "technician_cross",
            t("维护模式", "Maintenance"),
            CrossView(0.1, 0.2, 2, 5, t("请点十字的中心", "Touch the middle of the cross")),
            Buttons(),
        ),
    }


@cache
def samples(language: str) -> dict[str, View]:
    """All sample views of a language by name, each with a revision of its own."""
    zh = language == "zh"
    found: dict[str, View] = {}
    for place, (name, (screen, title, body, buttons)) in enumerate({**_bodies(zh), **_key_bodies(zh)}.items()):
        visit = screen not in ("home", "out_of_service") and not screen.startswith("technician")
        in_order = screen in INDEX
        found[name] = View(
            revision=place + (1 if zh else 1001),
            session=7 if visit else None,
            screen=screen,
            step=screen if visit else "",
            title=title,
            language=language,
            body=body,
            buttons=buttons,
            progress=Progress(STAGES[language], INDEX[screen]) if in_order else None,
            banner=("培训模式：模拟演练，不办理真实业务" if zh else "Training mode: nothing here is real")
            if place % 2 == 0
            else "",
            site="样例市政务服务中心" if zh else "Sample City Government Service Centre",
        )
    base = found["review"]
    found["idle"] = replace(base, revision=base.revision + 500, idle_seconds=24)
    found["idle_last"] = replace(base, revision=base.revision + 501, idle_seconds=8, idle_extendable=False)
    return found
